"""Damages DVC's cache as disks, careless scripts and broken copies do."""

from __future__ import annotations

from pathlib import Path

from ml_assets.dvc.lockfile import read_dvc_file, read_locks
from ml_assets.dvc.objects import objects_of
from ml_assets.dvc.project import DvcProject


def output_md5(root: Path, stage: str) -> str:
    """The hash of the only output of a stage."""
    (out,) = read_locks(root, DvcProject(root).manifest())[stage].outs
    return out.md5


def source_md5(root: Path, dvc_file: str) -> str:
    """The hash in a .dvc file."""
    locked = read_dvc_file(root / dvc_file)
    assert locked is not None
    return locked.md5


def object_path(root: Path, md5: str) -> Path:
    """Where the object lies in the project's own cache."""
    (found,) = objects_of(root / ".dvc" / "cache", [md5])
    return found.path


def corrupt(path: Path, *, mode: int = 0o444) -> Path:
    """Other bytes under the old name, and by default as protected as DVC leaves its objects."""
    path.chmod(0o644)
    path.write_text("rotten")
    path.chmod(mode)
    return path
