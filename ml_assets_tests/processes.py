"""Whether processes have ended. A zombie has, even where whoever inherited it is slow to notice."""

from __future__ import annotations

import time
from collections.abc import Iterable

import psutil


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def assert_gone(pids: Iterable[int], *, within: float) -> None:
    """Within so many seconds all of `pids` have ended."""
    watched, deadline = list(pids), time.monotonic() + within
    while left := [pid for pid in watched if is_running(pid)]:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.01)
