"""Dagster's Terminate stops the commands of all experiments at once, and nothing of them stays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_assets.demo.loopback import HOST, free_port
from ml_assets.demo.servers import Server
from ml_assets.demo.web_api import WebApi
from ml_assets.dvc.experiments.found import list_experiments
from ml_assets_tests.dvc.experiments.batches import unchanged
from ml_assets_tests.factories import BIN, environment, make_committed_run, run, write
from ml_assets_tests.journeys.checkout import wait_until
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
_LAUNCH = """
mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } } }
"""
_TERMINATE = """
mutation ($id: String!) { terminateRun(runId: $id) { __typename ... on PythonError { message } } }
"""
_STATUS = "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


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
    port, home = free_port(), tmp_path / "dagster-home"
    home.mkdir()
    command = [str(BIN / "dagster"), "dev", "-f", "defs.py", "--host", HOST, "--port", str(port)]
    server = Server("Dagster", command, port, "/server_info", tmp_path / "dagster.log")
    server.start(cwd=project, env=environment(DAGSTER_HOME=str(home), PIDS=str(pids)))
    try:
        server.wait_until_ready()
        api = WebApi(port)
        api.require_definitions()
        yield api
    finally:
        server.stop()


def test_terminate_stops_all_experiments_and_the_next_batch_works(
    project: Path, pids: Path, dagster: WebApi
) -> None:
    run_id = _launch(dagster, name="first")
    wait_until(lambda: len(_told(pids)) == 4, seconds=120, what="the stages of two experiments")
    stages = _told(pids)
    with unchanged(project):
        answer = dagster.query(_TERMINATE, id=run_id)["terminateRun"]
        started = time.monotonic()
        assert answer["__typename"] == "TerminateRunSuccess", answer
        assert_gone(stages, within=10)
        # The signal's way through Dagster is in it, on a machine that does other things too.
        assert time.monotonic() - started < 4
        wait_until(lambda: _status(dagster, run_id) == "CANCELED", seconds=60, what="the run's end")
    assert list_experiments(project) == ()
    assert list((project / ".dvc/tmp/ml_assets/experiments").iterdir()) == []

    (pids / "go").touch()
    run_id = _launch(dagster, name="second")
    wait_until(lambda: _status(dagster, run_id) == "SUCCESS", seconds=120, what="the next batch")
    assert {each.name for each in list_experiments(project)} == {"second-1", "second-2"}


def _launch(dagster: WebApi, *, name: str) -> str:
    selector = {
        "repositoryLocationName": "defs.py",
        "repositoryName": "__repository__",
        "pipelineName": "experiment",
    }
    config = {"overrides": ["offset=3,4"], "name": name, "jobs": 2}
    params = {
        "selector": selector,
        "mode": "default",
        "runConfigData": {"ops": {"run_experiment": {"config": config}}},
    }
    answer = dagster.query(_LAUNCH, params=params)["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess", answer
    return str(answer["run"]["runId"])


def _told(pids: Path) -> list[int]:
    return [int(pid) for file in pids.iterdir() if file.name != "go" for pid in file.read_text().split()]


def _status(dagster: WebApi, run_id: str) -> Any:
    return dagster.query(_STATUS, id=run_id)["runOrError"]["status"]
