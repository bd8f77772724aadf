"""DVC's read-write lock as plain values: which process says that it reads or writes which path."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_assets.dvc.errors import TornRwlock


@dataclass(frozen=True)
class PathClaim:
    """One entry: `mode` is "write" or "read", `command` the process's `sys.argv` joined by blanks."""

    mode: str
    path: str
    pid: int
    command: str


def parse(file: Path) -> list[PathClaim]:
    """The entries of `.dvc/tmp/rwlock`.

    Raises:
        TornRwlock: it was cut short, or is none.
        FileNotFoundError: nobody claimed anything yet.
    """
    text = file.read_text(encoding="utf-8")
    try:
        content = json.loads(text)
        write = [_claim("write", path, info) for path, info in content.get("write", {}).items()]
        read = [
            _claim("read", path, info) for path, infos in content.get("read", {}).items() for info in infos
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TornRwlock(file) from error
    return [*write, *read]


def without(claims: Iterable[PathClaim], gone: Sequence[PathClaim | None]) -> str:
    """The text of a lock file with all of `claims` but those that are gone."""
    write: dict[str, Any] = {}
    read: dict[str, list[Any]] = {}
    for claim in claims:
        if claim in gone:
            continue
        info = {"pid": claim.pid, "cmd": claim.command}
        if claim.mode == "write":
            write[claim.path] = info
        else:
            read.setdefault(claim.path, []).append(info)
    return json.dumps({"write": write, "read": read})


def _claim(mode: str, path: str, info: Any) -> PathClaim:
    return PathClaim(mode, path, int(info["pid"]), str(info["cmd"]))
