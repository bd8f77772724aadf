"""Airflow, in an environment of its own, drives the landing by the shipped DAG."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets.dvc.project import DvcProject
from ml_assets.landing.intake import open_journal
from ml_assets.landing.journal.lease import lease
from ml_assets.settings import Settings
from ml_assets_tests.factories import BIN, environment, make_two_stages, write

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

CHECKOUT = Path(__file__).parents[2]
DEPLOY = CHECKOUT / "deploy/airflow"
DAG = "ml_assets_landing"


@pytest.fixture(scope="module")
def airflow() -> Path:
    """Airflow's executable, in a virtual environment that later runs find again."""
    requirements = DEPLOY / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    venv = CHECKOUT / ".airflow" / digest
    if not (venv / ".installed").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        pip = [str(venv / "bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(requirements)], check=True, timeout=1000)
        (venv / ".installed").touch()
    return venv / "bin/airflow"


@dataclass
class Scheduler:
    """Airflow over a folder of its own, with the DAG as it is shipped."""

    airflow: Path
    home: Path
    project: Path

    def run_dag(self) -> subprocess.CompletedProcess[str]:
        self.command("db", "migrate")
        return self.command("dags", "test", DAG)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = environment(
            AIRFLOW_HOME=str(self.home),
            AIRFLOW__CORE__LOAD_EXAMPLES="false",
            AIRFLOW__CORE__DAGS_FOLDER=str(DEPLOY),
            AIRFLOW_VAR_ML_ASSETS_PROJECT=str(self.project),
            AIRFLOW_VAR_ML_ASSETS_EXECUTABLE=str(BIN / "ml-assets"),
        )
        return subprocess.run(
            [self.airflow, *arguments], cwd=self.home, env=env, capture_output=True, text=True, check=False
        )


@pytest.fixture
def scheduler(airflow: Path, tmp_path: Path, bucket: str) -> Scheduler:
    root = make_two_stages(tmp_path / "project")
    table = f'[tool.ml_assets]\nremote = ""\n[tool.ml_assets.landing]\nbucket = "{bucket}"\n'
    write(root, {"pyproject.toml": f'{table}queue = "{bucket}-landing"\nbatch_wait_seconds = 0\n'})
    home = tmp_path / "airflow"
    home.mkdir()
    return Scheduler(airflow, home, root)


def records(scheduler: Scheduler) -> list[str]:
    command = [str(BIN / "ml-assets"), "log", "--json"]
    done = subprocess.run(command, cwd=scheduler.project, env=environment(), capture_output=True, check=True)
    return [record["kind"] for record in map(json.loads, done.stdout.splitlines())]


def test_a_dag_run_takes_in_what_landed_and_the_next_has_nothing_to_do(
    scheduler: Scheduler, s3: S3Client, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="landing/4.txt", Body=b"4")

    first = scheduler.run_dag()
    made = records(scheduler)
    second = scheduler.run_dag()

    assert (first.returncode, second.returncode) == (0, 0), first.stdout + first.stderr + second.stderr
    assert made == ["intake", "run"]
    assert records(scheduler) == made
    assert (scheduler.project / "data/raw/4.txt").read_text() == "4"
    assert "nothing new" in second.stdout + second.stderr


def test_while_somebody_else_ticks_the_task_is_skipped(scheduler: Scheduler) -> None:
    landing = Settings.load(scheduler.project).landing
    assert landing is not None
    with lease(open_journal(landing, DvcProject(scheduler.project).root), who="the daemon"):
        done = scheduler.run_dag()

    assert done.returncode == 0
    assert "the daemon (process" in done.stdout + done.stderr
    assert "new_state=skipped" in done.stdout + done.stderr


def test_a_stage_that_fails_fails_the_task(scheduler: Scheduler, s3: S3Client, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="landing/4.txt", Body=b"no number")

    done = scheduler.run_dag()

    assert done.returncode == 1
    assert "new_state=failed" in done.stdout + done.stderr


def test_airflow_needs_nothing_of_ours(airflow: Path) -> None:
    code = "from importlib.util import find_spec as f; print(f('ml_assets'), f('dagster'), f('dvc'))"
    done = subprocess.run(
        [airflow.with_name("python"), "-c", code], capture_output=True, text=True, check=True, cwd="/"
    )
    assert done.stdout.split() == ["None"] * 3
