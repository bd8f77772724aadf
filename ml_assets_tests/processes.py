"""Processes that tests start and watch."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable

import psutil


def let_children_hear_ctrl_c() -> None:
    """Of tests in a shell's background they would inherit that it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def is_running(pid: int) -> bool:
    """Whether it has not ended. A zombie has, even where whoever inherited it is slow to notice."""
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
