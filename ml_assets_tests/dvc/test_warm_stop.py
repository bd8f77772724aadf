"""Stages that were started warm end when they are told to, and with whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from ml_assets.dvc.command import Cancellation
from ml_assets_tests.dvc.warm_runs import libraries, server_pid, stage_env, starts, warm
from ml_assets_tests.factories import write
from ml_assets_tests.processes import assert_gone

SLEEPS = """\
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, {disposition})
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
with open("pids.part", "w") as file:
    print(os.getpid(), child.pid, file=file)
os.rename("pids.part", "pids.txt")
time.sleep(60)
"""
RUNNER = """\
import sys
from pathlib import Path
from ml_assets_tests.dvc.warm_runs import server_pid, stage_env, starts, warm
root = Path(sys.argv[1])
with starts(root, stage_env(), stage=["yaml"]) as server:
    print(server_pid(server), flush=True)
    assert warm(server, "python stubborn.py", cwd=root, env=stage_env()).warm
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    write(root, {"stubborn.py": SLEEPS.format(disposition="signal.SIG_IGN")})
    write(root, {"sleeps.py": SLEEPS.format(disposition="signal.SIG_DFL")})
    return root


def pids(root: Path) -> list[int]:
    deadline = time.monotonic() + 30
    while not (root / "pids.txt").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return [int(pid) for pid in (root / "pids.txt").read_text().split()]


@pytest.mark.parametrize(
    ("script", "code"), [("sleeps.py", -signal.SIGTERM), ("stubborn.py", -signal.SIGKILL)]
)
def test_a_request_to_stop_ends_the_stage_and_its_children(script: str, code: int, root: Path) -> None:
    cancellation = Cancellation()
    asked: list[float] = []

    def cancel() -> None:
        pids(root)
        asked.append(time.monotonic())
        cancellation.cancel()

    with starts(root, stage_env(), stage=["yaml"]) as server:
        threading.Thread(target=cancel).start()
        ended = warm(server, f"python {script}", cwd=root, env=stage_env(), cancellation=cancellation)
    assert (ended.warm, ended.code) == (True, code)
    assert time.monotonic() - asked[0] < 3
    assert_gone(pids(root), within=0.5)


def test_a_request_to_stop_does_not_wait_until_libraries_are_loaded(root: Path, tmp_path: Path) -> None:
    env = libraries(tmp_path, {"slow": "import time; time.sleep(60)"})
    cancellation = Cancellation()
    threading.Timer(1.0, cancellation.cancel).start()
    started = time.monotonic()
    with starts(root, env, stage=["slow"]) as server:
        ended = warm(server, "python sleeps.py", cwd=root, env=env, cancellation=cancellation)
    assert ended.code != 0
    assert not (root / "pids.txt").exists()
    assert time.monotonic() - started < 10


def test_what_a_stage_leaves_behind_in_its_group_is_killed(root: Path) -> None:
    write(root, {"leaves.py": "import subprocess\nprint(subprocess.Popen(['sleep', '60']).pid)"})
    with starts(root, stage_env(), stage=["yaml"]) as server:
        ended = warm(server, "python leaves.py", cwd=root, env=stage_env())
        assert ended.warm
        assert_gone([int(ended.lines[0])], within=1)


def test_nothing_of_the_server_is_left_when_the_run_ends(root: Path) -> None:
    with starts(root, stage_env(), first=["yaml"], second=["decimal"], third=["csv"]) as server:
        assert warm(server, "python -m this", cwd=root, env=stage_env(), stage="third").warm
        first = psutil.Process(server_pid(server))
        alive = [each.pid for each in (first, *first.children(recursive=True))]
        assert len(alive) >= 3
    assert_gone(alive, within=1)


@pytest.mark.parametrize("victims", ["runner", "runner and server", "all groups but the stage's"])
def test_killing_the_runner_leaves_no_orphan(victims: str, root: Path) -> None:
    command = [sys.executable, "-c", RUNNER, str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as runner:
        assert runner.stdout is not None
        server = int(runner.stdout.readline())
        alive = [server, *pids(root)]
        # At once, so that neither sees the other die.
        for pid in [runner.pid, server] if "server" in victims else [runner.pid]:
            os.kill(pid, signal.SIGSTOP)
        if "groups" in victims:
            os.killpg(server, signal.SIGKILL)
        for pid in [server, runner.pid] if "server" in victims else [runner.pid]:
            os.kill(pid, signal.SIGKILL)
    assert_gone(alive, within=2)
