"""Processes that are killed leave no orphan and no damage, and the next batch works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from ml_assets.dvc.experiments.errors import ExperimentsFailed
from ml_assets.dvc.experiments.launch import run_experiments
from ml_assets.dvc.experiments.plan import plan_experiments
from ml_assets.dvc.experiments.values import ExperimentRequest
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.dvc.experiments.batches import at, run_batch, saved, unchanged
from ml_assets_tests.factories import run, write
from ml_assets_tests.processes import assert_gone

pytestmark = pytest.mark.slow

# Six sleeps, with a child of its own, and says who they are.
SLEEPER = """\
import os, pathlib, re, subprocess, time
if "offset: 6" in pathlib.Path("params.yaml").read_text():
    child = subprocess.Popen(["sleep", "300"])
    pathlib.Path(os.environ["PIDS"]).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(300)
"""
BATCH = """
import pathlib, sys
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.dvc.experiments.batches import run_batch
run_batch(DvcProject(pathlib.Path(sys.argv[1])), "offset=5,6", jobs=2)
"""


@pytest.fixture
def pids(project: DvcProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(project.root, {"total.py": SLEEPER + (project.root / "total.py").read_text()})
    run("git", "commit", "-q", "-a", "-m", "six sleeps", cwd=project.root)
    monkeypatch.setenv("PIDS", str(tmp_path / "pids"))
    return tmp_path / "pids"


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def told(pids: Path) -> list[int]:
    """The processes of the sleeping stage, once they are there."""
    wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    return [int(pid) for pid in pids.read_text().split()]


def test_kill_9_of_the_one_who_asked_leaves_no_orphan_and_the_next_batch_cleans_up(
    project: DvcProject, pids: Path
) -> None:
    scratch = project.private_dir / "experiments"
    with unchanged(project.root):
        asking = subprocess.Popen([sys.executable, "-c", BATCH, str(project.root)], start_new_session=True)
        stage = told(pids)
        family = [*(each.pid for each in psutil.Process(asking.pid).children(recursive=True)), *stage]
        os.kill(asking.pid, signal.SIGKILL)
        asking.wait()
        assert_gone(family, within=3)
        assert any(each.is_dir() for each in scratch.iterdir())
        (rev,) = saved(run_batch(project, "offset=7")).values()
    assert at(project.root, rev, "params.yaml") == "offset: 7\n"
    assert list(scratch.iterdir()) == []
    run("git", "fsck", "--no-dangling", cwd=project.root)


def test_kill_9_of_one_experiment_costs_that_one_alone(project: DvcProject, pids: Path) -> None:
    events = run_experiments(
        project,
        plan_experiments(project.root, ExperimentRequest(overrides=("offset=6,5",), name="n", jobs=2)),
    )
    found = [next(events)]
    stage = told(pids)
    shell = psutil.Process(stage[0]).parent()
    assert shell is not None
    # The stage's parent is the experiment's process, or a shell below it.
    experiment = next(
        each for each in (shell, *shell.parents()) if "experiments.process" in str(each.cmdline())
    )
    experiment.kill()
    with pytest.raises(ExperimentsFailed) as caught:
        found.extend(iter(events.__next__, None))
    assert_gone(stage, within=3)
    assert "SIGKILL" in caught.value.reasons["n-1"]
    assert set(saved(found)) == {"n-2"}
    assert list((project.private_dir / "experiments").iterdir()) == []


def test_kill_9_of_the_process_between_ends_all_and_says_so(project: DvcProject, pids: Path) -> None:
    batch = plan_experiments(project.root, ExperimentRequest(overrides=("offset=6",), name="n"))
    events = run_experiments(project, batch)
    next(events)
    stage = told(pids)
    between = next(
        child for child in psutil.Process().children() if "experiments.process" in " ".join(child.cmdline())
    )
    between.kill()
    with pytest.raises(ExperimentsFailed) as caught:
        list(events)
    assert_gone(stage, within=3)
    assert "-9" in caught.value.reasons["n"]
    assert list((project.private_dir / "experiments").iterdir()) == []
