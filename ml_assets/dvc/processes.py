"""Whether the process that left its PID in a file still lives, or another one has its number by now."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

import psutil

# psutil derives start times from a boot time in whole seconds.
SLACK_SECONDS = 5.0


class Life(Enum):
    """What became of the process behind a PID."""

    ALIVE = "alive"
    DEAD = "dead"
    RECYCLED = "recycled"
    """The number is another process's now."""
    ELSEWHERE = "on another host"
    """Nothing here can tell."""


@dataclass(frozen=True)
class Sighting:
    """What this machine shows under a PID; `command` and `started` are of the process that has it now."""

    life: Life
    command: str = ""
    started: datetime | None = None


def look(pid: int) -> Sighting:
    """The process with that PID, or that there is none; a zombie does nothing any more."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return Sighting(Life.DEAD)
        started = datetime.fromtimestamp(process.create_time(), UTC)
        return Sighting(Life.ALIVE, _command_line(process), started)
    except psutil.NoSuchProcess:
        return Sighting(Life.DEAD)


def look_for(pid: int, *, command: str, written: datetime) -> Sighting:
    """Whether the DVC process that left `pid` and `command` in a file is still there.

    Args:
        command: its `sys.argv`, joined by blanks, as DVC writes it.
        written: when the file was written last.

    A PID counts as recycled only on proof: who has it started after the file was written and runs another
    command, or has not loaded a library without which DVC cannot claim anything. In doubt it is alive.
    """
    seen = look(pid)
    if seen.life is Life.ALIVE and _is_another(pid, seen, command, written):
        return replace(seen, life=Life.RECYCLED)
    return seen


def _is_another(pid: int, seen: Sighting, command: str, written: datetime) -> bool:
    if pid == os.getpid():
        # After a restart of its container a process often has the number of the one before.
        return command != " ".join(sys.argv)
    if seen.started and (seen.started - written).total_seconds() > SLACK_SECONDS:
        return not _may_be(command, seen.command)
    loaded = _loaded(pid)
    # DVC's read-write lock uses psutil, whose compiled part shows among what a process has mapped.
    return loaded is not None and "psutil" not in loaded


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()) or process.name()
    except psutil.AccessDenied:
        return ""


def _loaded(pid: int) -> str | None:
    """The files that a process has mapped, where the system shows them."""
    try:
        return Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _may_be(command: str, shown: str) -> bool:
    """Whether a process whose command line is `shown` can have `command` as its `sys.argv`.

    Python leaves itself and its options out of `sys.argv`, and puts a path in the place of `-m module`.
    """
    if not shown:
        return True
    first, *rest = command.split(" ")
    return shown.endswith(" ".join(rest)) if rest else _names_a_script(first, shown.split(" "))


def _names_a_script(first: str, shown: Sequence[str]) -> bool:
    return first.startswith("-") or any(Path(word).name == Path(first).name for word in shown)
