"""Tells a full or read-only disk from other failures, with the place and the remedy."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml_assets.dvc.errors import DiskFull, NotWritable

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM}
# SQLite tells them by words; DVC keeps the hashes that it knows in such a file.
FULL_WORDS = "disk is full"
REFUSED_WORDS = "readonly database"
LEAST_FREE = 1_000_000


def storage_failure(error: BaseException, *, doing: str, root: Path) -> DiskFull | NotWritable | None:
    """What `error` comes from, when that is a disk that is full or must not be written; else None.

    `doing` says what could not be finished. `root` stands for the disk where the error names no path.
    """
    for cause in chain(error):
        if isinstance(cause, OSError) and cause.errno in FULL:
            return DiskFull(_place(cause) or root, doing)
        # Object stores refuse with the same class, and name no file.
        if isinstance(cause, OSError) and cause.errno in REFUSED and (place := _place(cause)):
            return NotWritable(place, doing, cause.strerror or "refused")
        if isinstance(cause, sqlite3.OperationalError) and FULL_WORDS in str(cause):
            return DiskFull(root, doing)
        if isinstance(cause, sqlite3.OperationalError) and REFUSED_WORDS in str(cause):
            return NotWritable(root, doing, str(cause))
    return None


@contextmanager
def disk_failures(*, doing: str, root: Path) -> Iterator[None]:
    """Raises DiskFull or NotWritable for whatever comes from that, as `storage_failure` tells."""
    try:
        yield
    except Exception as error:
        if failure := storage_failure(error, doing=doing, root=root):
            raise failure from error
        raise


def full_disk(path: Path) -> str:
    """A remark for failures that do not name their cause themselves; empty where there is space."""
    return f"; the disk of '{path}' is full" if shutil.disk_usage(path).free < LEAST_FREE else ""


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _place(error: OSError) -> Path | None:
    # Of a copy, the second name is where it went.
    name = error.filename2 or error.filename
    if not isinstance(name, str) or not Path(name).is_absolute():
        return None
    path = Path(name)
    # DVC copies to a name of chance first.
    return path.parent if path.suffix == ".tmp" else path
