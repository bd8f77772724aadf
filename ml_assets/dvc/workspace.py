"""A workspace has one writer: an OS lock that ends with its process, and says who holds it."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ml_assets.dvc.locks import writer_hold

POLL_SECONDS = 0.1


@contextmanager
def writer(folder: Path, *, who: str, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Hold the workspace's write slot, waiting for whoever has it.

    Args:
        folder: where the lock file lives (the project's private folder).
        who: shown to others who wait.
        on_wait: told once, in words, whom we wait for.

    The kernel lets go of the lock when the process ends, whatever ended it, so a killed run blocks nobody.
    """
    with _slot(folder, on_wait, lambda lock: _take(lock, who)):
        yield


@contextmanager
def writers(
    folder: Path, *, group: str, on_wait: Callable[[str], None], first: Callable[[], None]
) -> Iterator[None]:
    """Hold the write slot together with the other processes of `group`, the steps of one Dagster run.

    DVC's own locks keep them apart stage by stage; anybody else waits until the last of them has ended.
    `first` is called, before anybody else may join, whenever the slot was nobody's.
    """
    with _slot(folder, on_wait, lambda lock: _join(folder, lock, group, first)):
        yield


@contextmanager
def _slot(folder: Path, on_wait: Callable[[str], None], take: Callable[[IO[str]], bool]) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "writer.lock").open("a+", encoding="utf-8") as lock:
        told = False
        while not take(lock):
            if not told and (hold := writer_hold(folder)):
                on_wait(f"Waiting: {hold}")
                told = True
            time.sleep(POLL_SECONDS)
        yield


def _take(lock: IO[str], who: str) -> bool:
    if not _locked(lock, fcntl.LOCK_EX):
        return False
    lock.seek(0)
    lock.truncate()
    json.dump({"who": who, "host": socket.gethostname(), "pid": os.getpid()}, lock)
    lock.flush()
    return True


def _join(folder: Path, lock: IO[str], group: str, first: Callable[[], None]) -> bool:
    # From exclusive to shared the kernel lets go for a moment, in which nobody else may come.
    with (folder / "writer.guard").open("a") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if _take(lock, group):
            first()
            return _locked(lock, fcntl.LOCK_SH)
        if not _locked(lock, fcntl.LOCK_SH):
            return False
        lock.seek(0)
        if json.load(lock)["who"] == group:
            return True
        fcntl.flock(lock, fcntl.LOCK_UN)
        return False


def _locked(lock: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
