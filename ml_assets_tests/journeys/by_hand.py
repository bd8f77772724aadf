"""The other way to the same result: a fresh clone, `dvc add`, `dvc repro`, nothing of ours in between."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ml_assets_tests.factories import dvc, run


def reproduce(checkout: Path, root: Path, files: Mapping[str, bytes]) -> bytes:
    """The dvc.lock of a plain `dvc repro` in a clone of `checkout` at `root`; `files` are data/raw."""
    run("git", "clone", "-q", checkout, root, cwd=root.parent)
    for name, content in files.items():
        target = root / "data" / "raw" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    dvc("add", "-q", "data/raw", cwd=root)
    dvc("repro", cwd=root)
    return (root / "dvc.lock").read_bytes()
