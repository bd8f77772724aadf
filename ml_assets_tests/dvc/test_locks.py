"""Stale claims are told from live ones by real processes, and only the stale ones are released."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ml_assets.dvc.errors import TornRwlock
from ml_assets.dvc.locks import path_holds, release_stale, repository_hold, writer_hold
from ml_assets.dvc.processes import Life
from ml_assets_tests.dvc.processes import claim, ended_pid, like_dvc, running, written_an_hour_ago

# Takes a lock file, signs it, and sleeps; with "orphan" only a child of it goes on.
HOLD = """\
import fcntl, json, os, pathlib, sys, time
path, host, orphan = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "orphan"
lock = path.open("w")
fcntl.flock(lock, fcntl.LOCK_EX)
json.dump({"who": "a run", "host": host, "pid": os.getpid()}, lock)
lock.flush()
child = os.fork() if orphan else os.getpid()
if child:
    print(child, flush=True)
    if orphan:
        os._exit(0)
time.sleep(60)
"""


@contextmanager
def held(file: Path, *, host: str, how: str = "") -> Iterator[subprocess.Popen[str]]:
    """The lock file is held until the end, by the process or by the child that it left behind."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with running(sys.executable, "-c", HOLD, str(file), host, how) as process:
        assert process.stdout is not None
        holder = int(process.stdout.readline())
        try:
            yield process
        finally:
            os.kill(holder, signal.SIGKILL)


def lives(root: Path) -> list[Life]:
    return [hold.seen.life for hold in path_holds(root)]


def test_no_claims_where_dvc_never_claimed_anything(tmp_path: Path) -> None:
    assert path_holds(tmp_path) == ()
    assert release_stale(tmp_path) == ()


def test_the_claim_of_a_dead_process_is_released_and_told(tmp_path: Path) -> None:
    pid = ended_pid()
    file = claim(tmp_path, pid)
    (released,) = release_stale(tmp_path)
    assert str(released) == f"PID {pid} (`/bin/dvc repro`), which is dead, holds 'data/raw'"
    assert json.loads(file.read_text()) == {"write": {}, "read": {}}


def test_a_zombie_holds_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        claim(tmp_path, process.pid)
        assert lives(tmp_path) == [Life.DEAD]


def test_a_pid_whose_process_never_loaded_what_dvc_needs_is_recycled(tmp_path: Path) -> None:
    with running("/bin/sleep", "60") as process:
        claim(tmp_path, process.pid)
        (released,) = release_stale(tmp_path)
    assert released.seen.life is Life.RECYCLED
    assert "is gone (its number belongs to `/bin/sleep 60` now)" in str(released)


def test_a_pid_whose_process_started_after_the_claim_is_recycled(tmp_path: Path) -> None:
    with like_dvc() as process:
        written_an_hour_ago(claim(tmp_path, process.pid))
        assert lives(tmp_path) == [Life.RECYCLED]


def test_a_process_that_may_have_made_the_claim_is_left_alone(tmp_path: Path) -> None:
    with like_dvc() as process:
        file = claim(tmp_path, process.pid)
        before = file.read_text()
        assert release_stale(tmp_path) == ()
        assert file.read_text() == before
        (hold,) = path_holds(tmp_path)
    assert hold.seen.life is Life.ALIVE
    assert f"PID {process.pid} (`/bin/dvc repro`, since 2" in str(hold)


def test_a_clock_that_was_put_forward_makes_no_live_claim_stale(tmp_path: Path) -> None:
    with like_dvc("repro", "-s", "train") as process:
        written_an_hour_ago(claim(tmp_path, process.pid, command="-c repro -s train"))
        assert lives(tmp_path) == [Life.ALIVE]


def test_our_own_number_with_anothers_command_is_recycled(tmp_path: Path) -> None:
    claim(tmp_path, os.getpid(), command="the run before the container's restart")
    assert lives(tmp_path) == [Life.RECYCLED]
    claim(tmp_path, os.getpid(), command=" ".join(sys.argv))
    assert lives(tmp_path) == [Life.ALIVE]


def test_only_what_is_stale_goes(tmp_path: Path) -> None:
    dead = ended_pid()
    with like_dvc() as process:
        file = claim(tmp_path, process.pid)
        alive = {"pid": process.pid, "cmd": "dvc repro"}
        gone = {"pid": dead, "cmd": "dvc add raw"}
        file.write_text(json.dumps({"write": {"/a": alive}, "read": {"/b": [gone, alive], "/c": [gone]}}))
        assert [hold.pid for hold in release_stale(tmp_path)] == [dead, dead]
    assert json.loads(file.read_text()) == {"write": {"/a": alive}, "read": {"/b": [alive]}}


def test_claims_of_another_host_are_never_released(tmp_path: Path) -> None:
    claim(tmp_path, ended_pid())
    writer_lock = tmp_path / ".dvc" / "tmp" / "ml_assets" / "writer.lock"
    with held(writer_lock, host="node-7"):
        assert release_stale(tmp_path) == ()
        (hold,) = path_holds(tmp_path)
        assert "on host node-7" in str(hold)
    assert len(release_stale(tmp_path)) == 1


@pytest.mark.parametrize("text", ["", '{"write": {"/a": {"pid": 1, "c', "[]", '{"write": {"/a": {}}}'])
def test_a_torn_file_is_told_and_goes_as_a_whole(tmp_path: Path, text: str) -> None:
    file = claim(tmp_path, 1)
    file.write_text(text)
    with pytest.raises(TornRwlock, match="rm '"):
        path_holds(tmp_path)
    assert release_stale(tmp_path) == ()
    assert not file.exists()


def test_nothing_is_touched_while_dvc_writes_the_file(tmp_path: Path) -> None:
    file = claim(tmp_path, ended_pid())
    with held(file.with_suffix(".lock"), host=socket.gethostname()):
        assert release_stale(tmp_path) == ()
    assert len(release_stale(tmp_path)) == 1


def test_the_writer_is_named_with_its_host_and_since_when(tmp_path: Path) -> None:
    assert writer_hold(tmp_path) is None
    with held(tmp_path / "writer.lock", host=socket.gethostname()) as process:
        assert f"PID {process.pid} (`a run`, since 2" in str(writer_hold(tmp_path))
    assert writer_hold(tmp_path) is None


def test_a_lock_that_a_child_of_its_dead_owner_keeps_is_explained(tmp_path: Path) -> None:
    with held(tmp_path / "writer.lock", host=socket.gethostname(), how="orphan") as process:
        process.wait()
        hold = writer_hold(tmp_path)
        assert hold is not None
        assert (
            f"which is dead, though a process that it started lives (`fuser -v '{hold.file}'`), holds"
            in str(hold)
        )


def test_the_repositorys_lock_is_no_ones_unless_the_kernel_says_so(tmp_path: Path) -> None:
    file = tmp_path / ".dvc" / "tmp" / "lock"
    file.parent.mkdir(parents=True)
    file.write_text(f" {os.getpid()}\n")
    assert repository_hold(tmp_path) is None
