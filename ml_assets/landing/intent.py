"""The note that an intake leaves before it touches raw, so that the next one can undo a killed one."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What raw was before: its .dvc file's text (None: untracked), at which newest record of it.

    `files` are the paths below raw that the intake puts there.
    """

    before: str | None
    record: int
    files: Sequence[str]


def write_intent(path: Path, intent: Intent) -> None:
    """On disk, whole, before this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    with scratch.open("w", encoding="utf-8") as file:
        json.dump(asdict(intent), file)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    _sync_folder(path.parent)


def read_intent(path: Path) -> Intent | None:
    """The note of an intake that did not end; None when there is none."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Intent(before=fields["before"], record=fields["record"], files=tuple(fields["files"]))


def clear_intent(path: Path) -> None:
    path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
