"""Why DVC refuses a project's files: the cause by what the file holds, each with its remedy."""

from __future__ import annotations

import re
from pathlib import Path

from ml_assets.dvc.errors import LockTooOld, ManifestFailed, MergeUnfinished, StageInDvcFile

MERGE_MARK = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.MULTILINE)
SCHEMA = re.compile(r"^schema:", re.MULTILINE)
COMMAND = re.compile(r"^cmd:", re.MULTILINE)


def refusal(root: Path, *, file: str | None, reason: str) -> ManifestFailed:
    """The error for what DVC said (`reason`) of `file`, a path relative to `root`; None: no single file."""
    text = _text(root / file) if file else ""
    if file and MERGE_MARK.search(text):
        return MergeUnfinished(root, file)
    if file and file.endswith("dvc.lock") and text.strip() and not SCHEMA.search(text):
        return LockTooOld(root, file)
    if file and file.endswith(".dvc") and COMMAND.search(text):
        return StageInDvcFile(root, file)
    return ManifestFailed(root, reason, file=file)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
