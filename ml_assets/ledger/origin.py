"""Where a record comes from: who, which machine, which code, which environment, which params."""

from __future__ import annotations

import getpass
import os
import platform
import re
import socket
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from ml_assets.dvc.params import read_params
from ml_assets.ledger.canonical import sha256_hex
from ml_assets.ledger.git import git_state
from ml_assets.ledger.record import DagsterRun, Environment, Origin

_DISTRIBUTION = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-.*)?\.(?:dist|egg)-info")


def collect(root: Path, *, params: Iterable[str] = (), dagster: DagsterRun | None = None) -> Origin:
    """All that a draft says of its origin; `params` are files relative to `root`.

    Use it as `RunDraft(**dict(collect(root)), …)`. Raises GitUnreadable and ParamsUnreadable.
    """
    return Origin(
        actor=actor(),
        host=socket.gethostname(),
        git=git_state(root),
        environment=environment(),
        dagster=dagster,
        params={name: read_params(root / name) for name in sorted(params)},
    )


def actor() -> str:
    """The user's name, or uid:<number> in a container whose user has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid:{os.getuid()}"


@cache
def environment() -> Environment:
    """The interpreter's version, and the SHA-256 of the sorted `name==version` lines of what is installed."""
    lines = "\n".join(sorted(f"{name}=={version}" for name, version in _installed(sys.path).items()))
    return Environment(python=platform.python_version(), digest=sha256_hex(lines.encode()))


def _installed(folders: Iterable[str]) -> dict[str, str]:
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
