"""Real processes for tests of locks: a sleeper without Python, one that could be DVC, an ended one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIKE_DVC = "import psutil, sys, time; print('up', flush=True); time.sleep(60)"


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A process that is killed at the end."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def like_dvc(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process with what DVC loads, whose `sys.argv` is `-c` and the arguments."""
    with running(sys.executable, "-c", LIKE_DVC, *arguments) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process


def ended_pid() -> int:
    """The PID of a process that is no more."""
    with subprocess.Popen(["/bin/true"]) as process:
        process.wait()
    return process.pid


def claim(root: Path, pid: int, *, command: str = "/bin/dvc repro", path: str = "data/raw") -> Path:
    """An entry in DVC's read-write lock as DVC writes it, by a process that wants to write `path`."""
    file = root / ".dvc" / "tmp" / "rwlock"
    file.parent.mkdir(parents=True, exist_ok=True)
    entry = {str(root / path): {"pid": pid, "cmd": command}}
    file.write_text(json.dumps({"write": entry, "read": {}}))
    return file


def written_an_hour_ago(file: Path) -> None:
    """Put a file's modification time back."""
    then = time.time() - 3600
    os.utime(file, (then, then))
