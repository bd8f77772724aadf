"""A folder of its own for each intake at work; what a killed one left is swept by the next."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_OWNER = ".owner"


@contextmanager
def staging_area(folder: Path) -> Iterator[Path]:
    """An empty folder below `folder`, gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    # Others sweep what has no living owner, so making the folder and owning it must be one act for them.
    with (folder / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        _sweep(folder)
        own = Path(tempfile.mkdtemp(dir=folder))
        owner = (own / _OWNER).open("w")
        fcntl.flock(owner, fcntl.LOCK_EX)
    with owner:
        try:
            yield own
        finally:
            # What cannot be removed now is swept by the next intake; the reason to end is more important.
            shutil.rmtree(own, ignore_errors=True)


def _sweep(folder: Path) -> None:
    for left in folder.iterdir():
        if left.is_dir() and _is_abandoned(left):
            shutil.rmtree(left)


def _is_abandoned(left: Path) -> bool:
    try:
        owner: IO[str] = (left / _OWNER).open()
    except FileNotFoundError:
        return True
    with owner:
        try:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
