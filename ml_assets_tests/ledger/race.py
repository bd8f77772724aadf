"""Starts writers of one ledger at the same moment and says what they left."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

WRITERS = 8


def race(ledger: str, *, turns: int, how: str, env: Mapping[str, str] | None = None) -> set[str]:
    """Run all writers to their end; returns the notes that they wanted to append."""
    writers = [start(ledger, name=str(n), turns=turns, how=how, env=env) for n in range(WRITERS)]
    go(writers)
    for writer in writers:
        _, error = writer.communicate(timeout=120)
        assert writer.returncode == 0, error
    return {f"{name}:{turn}" for name in range(WRITERS) for turn in range(turns)}


def start(
    ledger: str, *, name: str, turns: int, how: str, env: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ml_assets_tests.ledger.racer", ledger, name, str(turns), how]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, env=os.environ | (env or {}), stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )


def go(writers: Sequence[subprocess.Popen[str]]) -> None:
    """Let writers begin, once all of them are there."""
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
