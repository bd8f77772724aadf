"""Points to `ml-assets doctor` below errors whose cause is often around the project, not in it."""

from __future__ import annotations

from ml_assets.dvc.errors import (
    LockFileUnreadable,
    ManifestFailed,
    NotWritable,
    StageBlocked,
    TornRwlock,
    TransferFailed,
)

HELPED = (LockFileUnreadable, ManifestFailed, NotWritable, StageBlocked, TornRwlock, TransferFailed)


def told(error: Exception) -> str:
    """The error as the command line tells it, its notes below."""
    lines = [f"Error: {error}", *getattr(error, "__notes__", ())]
    if isinstance(error, HELPED):
        lines.append("`ml-assets doctor` looks for the usual causes.")
    return "\n".join(lines)
