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
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "writer.lock").open("a+", encoding="utf-8") as lock:
        _acquire(lock, folder, on_wait)
        lock.seek(0)
        lock.truncate()
        json.dump({"who": who, "host": socket.gethostname(), "pid": os.getpid()}, lock)
        lock.flush()
        yield


def _acquire(lock: IO[str], folder: Path, on_wait: Callable[[str], None]) -> None:
    told = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told and (hold := writer_hold(folder)):
                on_wait(f"Waiting: {hold}")
                told = True
            time.sleep(POLL_SECONDS)
        else:
            return
