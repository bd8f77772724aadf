"""Outputs outside the repository: DVC 3 caches none of them, and stumbles over one that it should cache."""

from __future__ import annotations

from pathlib import PurePosixPath

from ml_assets.dvc.errors import OutputOutside
from ml_assets.dvc.manifest import Stage


def require_inside(stage: Stage) -> None:
    """Refuse a stage whose cached outputs are not all in the repository.

    Raises:
        OutputOutside: naming the first that is not.
    """
    for out in stage.outs:
        if out.cache and _is_outside(out.path):
            raise OutputOutside(stage.name, stage.file, out.path)


def _is_outside(path: str) -> bool:
    return "://" in path or PurePosixPath(path).is_absolute() or PurePosixPath(path).parts[0] == ".."
