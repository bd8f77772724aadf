"""Reads one entry of dvc.lock in the plain form that DVC writes, mostly without a YAML parser.

A long ledger holds tens of thousands of entries, which differ in hashes and sizes and seldom in more.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from ml_assets.dvc.lock_text import HEADER
from ml_assets.dvc.lockfile import LockedPath, LockedStage, read_lock

# A path with a slash or a dot in it is text to YAML whatever else it is; others (`yes`, `null`) may not be.
_ITEM = (
    r"    - path: {path}[A-Za-z_][\w-]*[/.][\w./-]*{end}\n(?:      hash: md5\n)?"
    r"      md5: {md5}[0-9a-f]{{32}}(?:\.dir)?{end}\n"
    r"(?:      size: {size}\d+{end}\n)?(?:      nfiles: {files}\d+{end}\n)?"
)
_PLAIN = _ITEM.format(path="(?:", md5="(?:", size="(?:", files="(?:", end=")")
_NAMED = re.compile(_ITEM.format(path="(", md5="(", size="(", files="(", end=")"), re.ASCII)
_BLOCK = re.compile(
    rf"(?P<head>  \S.*\n    cmd:.*\n(?:    - .*\n|      .*\n)*)(?:    deps:\n(?P<deps>(?:{_PLAIN})+))?"
    rf"(?P<params>    params:\n(?:      .*\n)+)?(?:    outs:\n(?P<outs>(?:{_PLAIN})+))?",
    re.ASCII,
)


def parse_block(block: str, *, path: Path) -> LockedStage:
    """The entry in `block`, a block of the LockText of the dvc.lock at `path`.

    Raises LockFileUnreadable.
    """
    found = _BLOCK.fullmatch(block)
    if found is None:
        return _parsed(block, path)
    frame = _parsed(found["head"] + (found["params"] or ""), path)
    return replace(frame, deps=_paths(found["deps"]), outs=_paths(found["outs"]))


@lru_cache(maxsize=1024)
def _parsed(block: str, path: Path) -> LockedStage:
    (stage,) = read_lock(HEADER + block, path=path).values()
    return stage


def _paths(items: str | None) -> tuple[LockedPath, ...]:
    return tuple(
        LockedPath(path, md5, int(size) if size else None, int(files) if files else None)
        for path, md5, size, files in _NAMED.findall(items or "")
    )
