"""The Python environment in which stages run: interpreter, what is installed, what a lock file asks for."""

from __future__ import annotations

import hashlib
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LOCK_FILES = (
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "pixi.lock",
    "conda-lock.yml",
    "conda-lock.yaml",
)
PINNED_FILES = ("requirements*.txt", "constraints*.txt")
"""Lock files only where each line pins a version."""

_DISTRIBUTION = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-.*)?\.(?:dist|egg)-info")
_PIN = re.compile(r"===?\s*[^\s=*]+(\s|;|$|\\)|\s@\s")


@dataclass(frozen=True)
class Environment:
    """Two equal ones run the same code in the same way, as far as Python can tell.

    `digest` is the SHA-256 of the sorted `name==version` lines of what is installed, `lock` that of the names
    and digests of the project's lock files (None where it has none).
    """

    python: str
    digest: str
    lock: str | None = None


def environment(root: Path) -> Environment:
    """The environment of this interpreter, which is the stages' too, and of the project at `root`."""
    _, digest = installed_lines()
    return Environment(python=platform.python_version(), digest=digest, lock=_lock_digest(root))


@cache
def installed_lines() -> tuple[bytes, str]:
    """What is installed for this process as sorted `name==version` lines, and their SHA-256."""
    lines = "\n".join(sorted(f"{name}=={version}" for name, version in installed(sys.path).items())).encode()
    return lines, hashlib.sha256(lines).hexdigest()


def installed(folders: Iterable[str]) -> dict[str, str]:
    """Version by normalised name; on a name found twice the first folder wins, as in an import.

    The names of the metadata folders say it in 2 ms; importlib.metadata opens each file for 400 ms.
    """
    found: dict[str, str] = {}
    for folder in folders:
        for name, version in _distributions(Path(folder or ".")):
            found.setdefault(name, version)
    return found


def _distributions(folder: Path) -> Iterator[tuple[str, str]]:
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if match := _DISTRIBUTION.fullmatch(entry.name):
            yield re.sub(r"[-_.]+", "-", match["name"]).lower(), match["version"]


def _lock_digest(root: Path) -> str | None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in _lock_files(root)}
    lines = "\n".join(f"{name} {digest}" for name, digest in sorted(found.items()))
    return hashlib.sha256(lines.encode()).hexdigest() if found else None


def _lock_files(root: Path) -> Iterator[Path]:
    yield from (path for name in LOCK_FILES if (path := root / name).is_file())
    for pattern in PINNED_FILES:
        yield from (path for path in root.glob(pattern) if path.is_file() and _is_pinned(path))


def _is_pinned(path: Path) -> bool:
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    # Options (`-r`, `--hash`) and continued lines ask for nothing by themselves.
    asked = [line for line in lines if line and not line.startswith(("#", "-"))]
    return bool(asked) and all(_PIN.search(line) for line in asked)
