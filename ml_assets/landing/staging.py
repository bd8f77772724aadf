"""A folder of its own for each intake at work; what a killed one left is swept."""

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
    with _guarded(folder):
        own = Path(tempfile.mkdtemp(dir=folder))
        owner = (own / _OWNER).open("w")
        fcntl.flock(owner, fcntl.LOCK_EX)
    with owner:
        try:
            yield own
        finally:
            # What cannot be removed now is swept by the next intake; the reason to end is more important.
            shutil.rmtree(own, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what killed intakes left below `folder`; those at work keep theirs."""
    with _guarded(folder):
        for left in folder.iterdir():
            if left.is_dir() and _is_abandoned(left):
                shutil.rmtree(left)


@contextmanager
def _guarded(folder: Path) -> Iterator[None]:
    # What has no living owner is swept, so making a folder and owning it must be one act.
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield


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
