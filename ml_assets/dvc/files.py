"""Files that are written whole or not at all, and caches that may be lost."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any


def replace_file(path: Path, text: str) -> None:
    """Write a whole file or leave the old one: temporary file, fsync, rename; the mode is kept."""
    path = path.absolute()
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask()
    handle, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(scratch).chmod(mode)
        Path(scratch).replace(path)
    except BaseException as error:
        Path(scratch).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            # Writing, unlike opening, does not say where the disk was full.
            error.filename = str(path)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def read_cached(path: Path) -> Any | None:
    """The JSON in a cache file; None when it is missing or torn, for then it is made anew."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def write_cached(path: Path, content: Any) -> None:
    """Keep JSON in a cache file, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, json.dumps(content))
