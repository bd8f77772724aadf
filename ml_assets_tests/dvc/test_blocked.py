"""Stages and the locks of others: a gone holder is released at once, a live one is waited for and named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from ml_assets.dvc import stage_run
from ml_assets.dvc.errors import StageBlocked
from ml_assets.dvc.events import Event, Outcome, StageFinished, StageLine
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets_tests.dvc.processes import claim, like_dvc, running, written_an_hour_ago
from ml_assets_tests.factories import BIN, DOUBLE, environment, write

HOLDS_THE_REPOSITORY = """\
import sys
from dvc.repo import Repo
with Repo(sys.argv[1]).lock:
    print("held", flush=True)
    sys.stdin.readline()
"""


def run(project: DvcProject, *stages: str) -> tuple[list[Event], list[str]]:
    """All events, and the lines among them."""
    events = list(run_stages(project, stages or ("double", "total")))
    return events, [event.text for event in events if isinstance(event, StageLine)]


def outcomes(events: list[Event]) -> list[Outcome]:
    return [event.outcome for event in events if isinstance(event, StageFinished)]


def test_a_recycled_pid_blocks_no_stage_and_that_is_told(project: DvcProject) -> None:
    with running("/bin/sleep", "60") as process:
        claim(project.root, process.pid, path="data/double.txt")
        started = time.monotonic()
        events, lines = run(project)
    assert time.monotonic() - started < stage_run.BUSY_SECONDS / 10
    assert outcomes(events) == [Outcome.RAN, Outcome.RAN]
    assert lines[0].startswith(f"released what PID {process.pid} (`/bin/dvc repro`), which is gone")
    assert lines[0].endswith("holds 'data/double.txt'")


def test_plain_dvc_stays_blocked_by_a_recycled_pid(project: DvcProject) -> None:
    """The control of the test above."""
    with running("/bin/sleep", "60") as process:
        file = claim(project.root, process.pid, path="data/double.txt")
        command = [str(BIN / "dvc"), "repro", "double"]
        done = subprocess.run(
            command, cwd=project.root, env=environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 255
        assert "is busy" in done.stderr
        assert str(process.pid) in file.read_text()
    assert not (project.root / "dvc.lock").exists()


def test_a_recycled_pid_of_a_python_process_in_the_project_blocks_no_stage(project: DvcProject) -> None:
    """As a code server has after the restart of its container."""
    with like_dvc() as process:
        written_an_hour_ago(claim(project.root, process.pid, path="data/double.txt"))
        events, _ = run(project, "double")
    assert outcomes(events) == [Outcome.RAN]


def test_a_live_dvc_is_waited_for_and_named_with_its_command_and_since_when(project: DvcProject) -> None:
    slow = "import time; print('slow', flush=True); time.sleep(60)\n"
    write(project.root, {"double.py": slow})
    command = [str(BIN / "dvc"), "repro", "double"]
    with subprocess.Popen(
        command,
        cwd=project.root,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as other:
        assert other.stdout is not None
        while "slow" not in other.stdout.readline():
            assert other.poll() is None
        events = run_stages(project, ["double"])
        told = next(event.text for event in events if isinstance(event, StageLine))
        write(project.root, {"double.py": DOUBLE})
        os.killpg(other.pid, signal.SIGKILL)
        rest = list(events)
    assert told.startswith(f"waiting: PID {other.pid} (`{BIN}/dvc repro double`, since 2")
    assert "holds 'data/double.txt'" in told
    assert outcomes(rest) == [Outcome.RAN]


def test_a_lock_that_hashing_holds_is_waited_for_and_its_holder_named(project: DvcProject) -> None:
    command = [sys.executable, "-c", HOLDS_THE_REPOSITORY, str(project.root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=project.root, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        events = run_stages(project, ["double"])
        told = next(event.text for event in events if isinstance(event, StageLine))
        holder.communicate("let go\n")
        rest = list(events)
    assert told.startswith(f"waiting: PID {holder.pid} (`{sys.executable} -c import sys")
    assert told.endswith("holds the repository")
    assert outcomes(rest) == [Outcome.RAN]


def test_waiting_has_an_end_and_says_who_was_in_the_way(
    project: DvcProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage_run, "BUSY_SECONDS", 0.5)
    with like_dvc() as process:
        claim(project.root, process.pid, path="data/double.txt")
        with pytest.raises(StageBlocked, match=f"PID {process.pid} .*\n.*stop it, and run again"):
            run(project, "double")
