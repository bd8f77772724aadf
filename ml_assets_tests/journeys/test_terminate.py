"""Dagster's Terminate stops the stage itself, not just the run around it, and the next run is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_assets.demo.web_api import WebApi
from ml_assets.ledger.record import RunRecord
from ml_assets.ledger.store import Ledger
from ml_assets_tests.factories import dvc, make_project, run
from ml_assets_tests.journeys.checkout import wait_until
from ml_assets_tests.journeys.web_server import dagster_dev, launch, status, terminate
from ml_assets_tests.processes import assert_gone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FILES = {
    "dvc.yaml": """\
stages:
  quick:
    cmd: echo quick > quick.txt
    outs: [quick.txt]
  slow:
    cmd: python slow.py
    deps: [quick.txt, slow.py]
    outs: [slow.txt]
""",
    # Ctrl-C does not impress it, and it does not work alone.
    "slow.py": """\
import os, pathlib, signal, subprocess, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
pathlib.Path("slow.txt").write_text("half")
child = subprocess.Popen(["sleep", "300"])
pathlib.Path("pids").write_text(f"{os.getpid()} {child.pid}")
while not pathlib.Path("go").exists():
    time.sleep(0.1)
child.kill()
pathlib.Path("slow.txt").write_text("whole")
""",
    "defs.py": """\
from dagster import AssetExecutionContext, Definitions, in_process_executor
from ml_assets.assets import DvcProject, DvcResource, dvc_assets

project = DvcProject.find()

@dvc_assets(project=project)
def pipeline(context: AssetExecutionContext, dvc: DvcResource):
    yield from dvc.run(context=context)

defs = Definitions(
    assets=[pipeline],
    resources={"dvc": DvcResource(project_dir=str(project.root))},
    executor=in_process_executor,
)
""",
    ".gitignore": "pids\ngo\n/.ml_assets/\n__pycache__/\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", FILES)


@pytest.fixture
def dagster(project: Path, tmp_path: Path) -> Iterator[WebApi]:
    """`dagster dev` over the project."""
    home = tmp_path / "dagster-home"
    home.mkdir()
    with dagster_dev(project, home) as api:
        yield api


def test_a_terminated_run_leaves_nothing_running_and_the_next_one_is_right(
    project: Path, dagster: WebApi, tmp_path: Path
) -> None:
    run_id = launch(dagster, "__ASSET_JOB", assets=["quick", "slow"], config={})
    wait_until((project / "pids").exists, seconds=90, what="the slow stage")
    stage = [int(pid) for pid in (project / "pids").read_text().split()]

    terminate(dagster, run_id)
    assert_gone(stage, within=1)
    wait_until(lambda: status(dagster, run_id) == "CANCELED", seconds=30, what="the run's end")
    assert list(Ledger.open(".ml_assets/ledger", root=project).records()) == []

    (project / "go").touch()
    run_id = launch(dagster, "__ASSET_JOB", assets=["quick", "slow"], config={})
    wait_until(lambda: status(dagster, run_id) == "SUCCESS", seconds=90, what="the next run's success")
    assert (project / "slow.txt").read_text() == "whole"
    (record,) = Ledger.open(".ml_assets/ledger", root=project).records()
    assert isinstance(record, RunRecord)
    assert record.dvc_lock == (project / "dvc.lock").read_text()
    assert (project / "dvc.lock").read_bytes() == _by_hand(project, tmp_path / "by-hand")
    assert "didn't change, skipping" in dvc("repro", cwd=project)


def _by_hand(project: Path, root: Path) -> bytes:
    run("git", "clone", "-q", project, root, cwd=root.parent)
    (root / "go").touch()
    dvc("repro", "-q", cwd=root)
    return (root / "dvc.lock").read_bytes()
