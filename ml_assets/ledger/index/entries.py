"""The entries in a run record's locks, by the manifest's names of stages and with paths from the root."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ml_assets.dvc.lock_block import parse_block
from ml_assets.dvc.lock_text import LockText
from ml_assets.dvc.lockfile import LockedPath, LockedStage, read_lock
from ml_assets.ledger.canonical import canonical_json, plain, sha256_hex
from ml_assets.ledger.record import OutputRecord, RunRecord


@dataclass(frozen=True)
class Entry:
    """What DVC recorded of a stage's last run; equal ones have equal digests."""

    stage: str
    locked: LockedStage

    @cached_property
    def params(self) -> str:
        return canonical_json(plain(dict(self.locked.params))).decode()

    @cached_property
    def digest(self) -> str:
        each = self.locked
        parts = [
            list(each.cmd),
            [[dep.path, dep.md5] for dep in each.deps],
            self.params,
            [[out.path, out.md5] for out in each.outs],
        ]
        return sha256_hex(canonical_json(parts))


def entries_of(record: RunRecord) -> Iterator[Entry]:
    """The entries of the stages that the record's pipelines had; those of stages before are left out.

    Raises LockFileUnreadable.
    """
    declared = set(record.code) | {out.stage for out in record.outputs} | set(record.stages)
    outputs: dict[str, list[OutputRecord]] = {}
    for out in record.outputs:
        outputs.setdefault(out.stage, []).append(out)
    for file, text in _locks(record):
        prefix = "" if file == "dvc.lock" else f"{file.removesuffix('lock')}yaml:"
        for name, locked in locked_stages(text, file):
            stage = prefix + name
            if not declared or stage in declared:
                folder = posixpath.dirname(file) or "."
                yield Entry(stage, from_root(locked, folder, outputs.get(stage, ())))


def _locks(record: RunRecord) -> Iterator[tuple[str, str]]:
    yield "dvc.lock", record.dvc_lock
    yield from ((file, text) for file, text in record.dvc_files.items() if file.endswith("dvc.lock"))


def locked_stages(text: str, file: str) -> Iterator[tuple[str, LockedStage]]:
    if not text.strip():
        return
    blocks = LockText.parse(text)
    if blocks is None:
        yield from read_lock(text, path=Path(file)).items()
        return
    for name, block in blocks.blocks.items():
        yield name, parse_block(block, path=Path(file))


def from_root(locked: LockedStage, folder: str, outputs: Iterable[OutputRecord]) -> LockedStage:
    """With paths from the root, as the record names the outputs.

    A lock names paths from the stage's working directory and does not say which that is: it is the folder
    that makes its outputs the recorded ones, the lock's own where there are none.
    """
    wdir = _working_directory(locked, folder, {(out.path, out.md5) for out in outputs})
    if wdir == ".":
        return locked
    return replace(
        locked,
        deps=tuple(_moved(dep, wdir) for dep in locked.deps),
        outs=tuple(_moved(out, wdir) for out in locked.outs),
        params={_joined(wdir, file): values for file, values in locked.params.items()},
    )


def _working_directory(locked: LockedStage, folder: str, recorded: set[tuple[str, str]]) -> str:
    candidates = [folder]
    for out in locked.outs:
        ends = [path for path, md5 in recorded if md5 == out.md5 and path.endswith(f"/{out.path}")]
        candidates += [path.removesuffix(f"/{out.path}") for path in sorted(ends)]
    for wdir in candidates:
        if {(_joined(wdir, out.path), out.md5) for out in locked.outs} <= recorded:
            return wdir
    return folder


def _moved(each: LockedPath, wdir: str) -> LockedPath:
    return replace(each, path=_joined(wdir, each.path))


def _joined(wdir: str, path: str) -> str:
    return path if "://" in path else posixpath.normpath(posixpath.join(wdir, path))
