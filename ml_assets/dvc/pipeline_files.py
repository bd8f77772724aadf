"""The files that a pipeline is read from, with their digests: they tell whether a manifest still holds."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath

# The hashes in a .dvc file change with each landing, the graph does not.
HASH_LINES = re.compile(rb"^[\s-]*(md5|size|nfiles|hash|isexec|etag|mtime):.*$", re.MULTILINE)
# DVC itself never looks into the first three; the others hold many files and no pipeline.
NOT_WALKED = frozenset(
    {".git", ".hg", ".dvc", "node_modules", "__pycache__", ".venv", ".tox", ".mypy_cache", ".ruff_cache"}
)
CONFIGURATION = (".dvc/config", ".dvc/config.local")

# Path relative to the root → digest; None where there is no such file.
Digests = dict[str, str | None]


def pipeline_digests(root: Path, *, outputs: Collection[str] = ()) -> Digests:
    """Of each dvc.yaml, .dvc and .dvcignore file below `root`, and of DVC's configuration.

    Args:
        outputs: paths of folders that stages make; no pipeline is in there, and many files may be.
    """
    found = {os.path.relpath(path, root): digest(path) for path in _walk(root, set(outputs))}
    return found | digests(root, CONFIGURATION)


def digests(root: Path, files: Iterable[str]) -> Digests:
    """Of `files`, paths relative to `root`."""
    return {file: digest(root / file) for file in files}


def digest(path: Path) -> str | None:
    """SHA-256 of a file, of a .dvc file without what changes with the data; None where there is none."""
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    return hashlib.sha256(HASH_LINES.sub(b"", content) if path.suffix == ".dvc" else content).hexdigest()


def _walk(root: Path, outputs: set[str]) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        here = PurePosixPath(os.path.relpath(folder, root))
        # What a .dvc file beside it tracks is data as well.
        data = {name.removesuffix(".dvc") for name in files if name.endswith(".dvc")}
        folders[:] = [
            name for name in folders if name not in NOT_WALKED | data and str(here / name) not in outputs
        ]
        yield from (Path(folder) / name for name in files if _is_pipeline(name))


def _is_pipeline(name: str) -> bool:
    return name in ("dvc.yaml", ".dvcignore") or (name.endswith(".dvc") and name != ".dvc")
