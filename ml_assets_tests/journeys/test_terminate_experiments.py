"""Dagster's Terminate stops the commands of all experiments at once, and nothing of them stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_assets.demo.web_api import WebApi
from ml_assets.dvc.experiments.found import list_experiments
from ml_assets_tests.dvc.experiments.batches import unchanged
from ml_assets_tests.factories import make_committed_run, run, write
from ml_assets_tests.journeys.checkout import wait_until
from ml_assets_tests.journeys.web_server import dagster_dev, launch, status, terminate
from ml_assets_tests.processes import assert_gone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

# Ctrl-C does not impress it, and it does not work alone.
SLOW = """\
import os, pathlib, signal, subprocess, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
pids = pathlib.Path(os.environ["PIDS"])
if not (pids / "go").exists():
    child = subprocess.Popen(["sleep", "300"])
    (pids / os.environ["DVC_EXP_NAME"]).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(300)
"""
DEFINITIONS = """\
from ml_assets import DvcProject, build_definitions

defs = build_definitions(DvcProject.find())
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = make_committed_run(tmp_path / "project")
    write(root, {"total.py": SLOW + (root / "total.py").read_text(), "defs.py": DEFINITIONS})
    write(root, {".gitignore": (root / ".gitignore").read_text() + "/.ml_assets/\n__pycache__/\n"})
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-q", "-m", "total is slow", cwd=root)
    return root


@pytest.fixture
def pids(tmp_path: Path) -> Path:
    folder = tmp_path / "pids"
    folder.mkdir()
    return folder


@pytest.fixture
def dagster(project: Path, pids: Path, tmp_path: Path) -> Iterator[WebApi]:
    """`dagster dev` over the project."""
    home = tmp_path / "dagster-home"
    home.mkdir()
    with dagster_dev(project, home, PIDS=str(pids)) as api:
        yield api


def test_terminate_stops_all_experiments_and_the_next_batch_works(
    project: Path, pids: Path, dagster: WebApi
) -> None:
    run_id = _launch(dagster, name="first")
    wait_until(lambda: len(_told(pids)) == 4, seconds=120, what="the stages of two experiments")
    stages = _told(pids)
    with unchanged(project):
        terminate(dagster, run_id)
        assert_gone(stages, within=1)
        wait_until(lambda: status(dagster, run_id) == "CANCELED", seconds=60, what="the run's end")
    assert list_experiments(project) == ()
    assert list((project / ".dvc/tmp/ml_assets/experiments").iterdir()) == []

    (pids / "go").touch()
    run_id = _launch(dagster, name="second")
    wait_until(lambda: status(dagster, run_id) == "SUCCESS", seconds=120, what="the next batch")
    assert {each.name for each in list_experiments(project)} == {"second-1", "second-2"}


def _launch(dagster: WebApi, *, name: str) -> str:
    config = {"overrides": ["offset=3,4"], "name": name, "jobs": 2}
    return launch(dagster, "experiment", config={"ops": {"run_experiment": {"config": config}}})


def _told(pids: Path) -> list[int]:
    return [int(pid) for file in pids.iterdir() if file.name != "go" for pid in file.read_text().split()]
