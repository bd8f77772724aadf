"""The other way to the same result: a fresh clone, `dvc add`, `dvc repro`, nothing of ours in between."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ml_assets.landing.schema_in_force import SCHEMA_FILE
from ml_assets_tests.factories import dvc, run


def reproduce(checkout: Path, root: Path, files: Mapping[str, bytes], *, landed: Path) -> bytes:
    """The dvc.lock of a plain `dvc repro` in a clone of `checkout` at `root`; `files` are data/raw.

    The schema in force is taken from `landed`, the project whose landing keeps it there.
    """
    run("git", "clone", "-q", checkout, root, cwd=root.parent)
    schema = {SCHEMA_FILE: (landed / "data" / "raw" / SCHEMA_FILE).read_bytes()}
    for name, content in {**files, **schema}.items():
        target = root / "data" / "raw" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    dvc("add", "-q", "data/raw", cwd=root)
    dvc("repro", cwd=root)
    return (root / "dvc.lock").read_bytes()
