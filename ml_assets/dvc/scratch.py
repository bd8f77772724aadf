"""Folders that are gone after their use: at once, or when the next one finds that their user was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_ENDING = ".lock"
REMOVE_ATTEMPTS = 20
REMOVE_POLL_SECONDS = 0.1


@contextmanager
def scratch_folder(within: Path) -> Iterator[Path]:
    """A new folder below `within`, for as long as the context or this process lives.

    Each has an OS lock beside it, which the kernel lets go of when the process ends, whatever ended it: what
    killed processes left there is removed first.
    """
    remove_abandoned(within)
    within.mkdir(parents=True, exist_ok=True)
    handle, name = _claim(within)
    folder = Path(name).with_suffix("")
    try:
        folder.mkdir()
        yield folder
    finally:
        try:
            remove_tree(folder)
            Path(name).unlink()
        finally:
            os.close(handle)


def remove_abandoned(within: Path) -> tuple[Path, ...]:
    """Remove the folders below `within` whose process is gone, and say which; nothing of a living one."""
    return tuple(found for found in map(_removed, sorted(within.glob(f"*{LOCK_ENDING}"))) if found)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it, write-protected folders as well.

    A command that was killed just now may still write for some milliseconds: it is tried again for 2 s.
    Raises OSError.
    """
    for _ in range(REMOVE_ATTEMPTS):
        try:
            _remove(folder)
        except OSError:
            time.sleep(REMOVE_POLL_SECONDS)
        else:
            return
    _remove(folder)


def _claim(within: Path) -> tuple[int, str]:
    """A locked file of a new name; its handle is open until the claim ends."""
    while True:
        handle, name = tempfile.mkstemp(suffix=LOCK_ENDING, dir=within)
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Between the two lines above another process may have taken it for abandoned.
        if Path(name).exists():
            return handle, name
        os.close(handle)


def _removed(lock: Path) -> Path | None:
    folder = lock.with_suffix("")
    try:
        handle = os.open(lock, os.O_RDWR)
    except FileNotFoundError:
        return None  # its user has just removed it
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None  # in use
    else:
        remove_tree(folder)
        lock.unlink(missing_ok=True)
        return folder
    finally:
        os.close(handle)


def _remove(folder: Path) -> None:
    if not folder.exists():
        return
    for path, _, _ in os.walk(folder):
        os.chmod(path, 0o700)  # noqa: PTH101 - names that os.walk gives
    shutil.rmtree(folder)
