"""The entries that each dvc.lock had when a run began, for processes that write the rest of it together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_assets.dvc.files import read_cached, write_cached
from ml_assets.dvc.lockfile import read_lock, root_lock_text
from ml_assets.dvc.project import DvcProject

KEPT = "lock-before.json"


def keep_lock_before(project: DvcProject, run: str) -> None:
    """Remember the entries of now, unless an earlier process of the same `run` has done so.

    Raises:
        LockFileUnreadable.
    """
    if lock_before(project, run) is None:
        files = sorted({stage.file for stage in project.manifest().stages})
        locks = {str(Path(file).with_suffix(".lock")): _names(project.root, file) for file in files}
        text = root_lock_text(project.root)
        write_cached(project.private_dir / KEPT, {"run": run, "locks": locks, "text": text})


def lock_before(project: DvcProject, run: str) -> Mapping[str, list[str]] | None:
    """dvc.lock, relative to the root → the names in it when `run` began; None for another run."""
    kept = _kept(project, run)
    return kept["locks"] if kept is not None else None


def text_before(project: DvcProject, run: str) -> str | None:
    """The text of the root's dvc.lock when `run` began; None for another run."""
    kept = _kept(project, run)
    return kept["text"] if kept is not None else None


def _kept(project: DvcProject, run: str) -> Mapping[str, Any] | None:
    kept = read_cached(project.private_dir / KEPT)
    return kept if kept is not None and kept["run"] == run else None


def _names(root: Path, file: str) -> list[str]:
    lock = (root / file).with_suffix(".lock")
    return list(read_lock(lock.read_text(encoding="utf-8"), path=lock)) if lock.exists() else []
