"""A workspace has one writer at a time, and a dead one blocks nobody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ml_assets.dvc.workspace import writer

HOLD = """\
import sys, time
from pathlib import Path
from ml_assets.dvc.workspace import writer
with writer(Path(sys.argv[1]), who="the other run", on_wait=print):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(folder: Path, seconds: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_writer_waits_and_is_told_for_whom(tmp_path: Path) -> None:
    told: list[str] = []
    with hold(tmp_path, 1) as first, writer(tmp_path, who="me", on_wait=told.append):
        assert first.wait(5) == 0
    assert len(told) == 1
    assert "the other run" in told[0]


def test_a_killed_writer_blocks_nobody(tmp_path: Path) -> None:
    with hold(tmp_path, 60) as first:
        first.kill()
        first.wait()
        told: list[str] = []
        with writer(tmp_path, who="me", on_wait=told.append):
            assert told == []
