"""SHA-256 of outputs, remembered by time and size: DVC's MD5 is an address, and proves nothing."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ml_assets.dvc.files import read_cached, replace_file

Seen = Mapping[str, list[int | str]]


def sha256_of(path: Path, *, memory: Path) -> str | None:
    """Of a file its bytes'; of a folder its listing's, `<sha256>  <path>` a line; None when there is nothing.

    `memory` is a folder of ours: what has the time, size and inode of before is not read again.
    """
    if path.is_file():
        return _digests({"": path}, memory / _slug(path))[""]
    if not path.is_dir():
        return None
    files = dict(sorted(_files(path, "")))
    return listing_sha256(_digests(files, memory / _slug(path)))


def listing_sha256(digests: Mapping[str, str]) -> str:
    """SHA-256 of a folder whose files, by path from there, have these."""
    lines = "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))
    return hashlib.sha256(lines.encode()).hexdigest()


def _digests(files: Mapping[str, Path], memory: Path) -> dict[str, str]:
    known: Seen = read_cached(memory) or {}
    stamps = {name: _stamp(path) for name, path in files.items()}
    found = {name: str(known[name][3]) for name in files if known.get(name, [])[:3] == stamps[name]}
    new = [name for name in files if name not in found]
    if new:
        with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="sha256") as pool:
            found |= dict(zip(new, pool.map(lambda name: _read(files[name]), new), strict=True))
    if new or len(known) != len(files):
        memory.parent.mkdir(parents=True, exist_ok=True)
        replace_file(memory, json.dumps({name: [*stamps[name], found[name]] for name in files}))
    return found


def _files(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{prefix}{entry.name}"
            if entry.is_dir():
                yield from _files(Path(entry.path), f"{name}/")
            elif entry.is_file():
                yield name, Path(entry.path)


def _stamp(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_mtime_ns, found.st_size, found.st_ino]


def _read(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _slug(path: Path) -> str:
    return f"{path.name}-{hashlib.sha256(str(path).encode()).hexdigest()[:16]}.json"
