"""One tick at a time: a lock of the operating system or the database, which ends with whoever holds it.

It has no time in it, so that a clock that is wrong, or a tick that is slow, gives it to nobody else.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import text

from ml_assets.landing.errors import LandingBusy
from ml_assets.landing.journal.store import Journal

POLL_SECONDS = 0.1


@contextmanager
def lease(journal: Journal, *, who: str, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Be the only one who looks for objects and makes batches.

    With `on_wait`, wait until it is free, and tell once whom for. Without, raises LandingBusy.
    """
    if journal.file:
        with _file_lease(journal.file.with_suffix(".lock"), who, on_wait):
            yield
    else:
        with _database_lease(journal, on_wait):
            yield


@contextmanager
def _file_lease(path: Path, who: str, on_wait: Callable[[str], None] | None) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as lock:
        _wait(lambda: _locked(lock), lambda: _holder(path), on_wait)
        lock.truncate(0)
        json.dump({"who": who, "host": socket.gethostname(), "pid": os.getpid()}, lock)
        lock.flush()
        yield


@contextmanager
def _database_lease(journal: Journal, on_wait: Callable[[str], None] | None) -> Iterator[None]:
    number = int.from_bytes(hashlib.sha256(journal.zone.url.encode()).digest()[:8], signed=True)
    with journal.reading() as connection:
        take = text("select pg_try_advisory_lock(:number)")
        _wait(lambda: bool(connection.scalar(take, {"number": number})), lambda: None, on_wait)
        try:
            yield
        finally:
            connection.scalar(text("select pg_advisory_unlock(:number)"), {"number": number})


def _wait(
    take: Callable[[], bool], holder: Callable[[], str | None], on_wait: Callable[[str], None] | None
) -> None:
    told = False
    while not take():
        busy = LandingBusy(holder=holder())
        if on_wait is None:
            raise busy
        if not told:
            on_wait(f"Waiting: {str(busy).splitlines()[0]}")
            told = True
        time.sleep(POLL_SECONDS)


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(path: Path) -> str | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # Not written yet.
        return None
    return f"{found['who']} (process {found['pid']} on {found['host']})"
