"""Knows which code made an entry of dvc.lock, where DVC does not look at all of a stage's code.

DVC compares the files that `deps` names. A helper that a script imports is often not among them: then DVC
calls an edited stage up to date, and its run cache restores what the old helper made. So each entry that we
let happen is marked with the digest of all code that the stage reached.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from ml_assets.dvc.lockfile import LockedStage

FOLDER = ("ml_assets", "code")


class CodeState(Enum):
    """What is known of the code that made a stage's entry in dvc.lock."""

    DECLARED = "all of it is in deps, where DVC looks at it"
    SAME = "it is the code of now"
    CHANGED = "it was other code"
    UNKNOWN = "nobody has noted it"


@dataclass(frozen=True)
class StageCode:
    """The code of a stage now; `undeclared` are the files of it that DVC does not look at.

    `strict` says that the Python environment counts as code, which DVC never looks at.
    """

    digest: str
    undeclared: tuple[str, ...] = ()
    strict: bool = False

    @property
    def declared(self) -> bool:
        """Whether DVC sees all of it, so that its run cache can be trusted with the stage."""
        return not self.undeclared and not self.strict


@dataclass(frozen=True)
class CodeMarks:
    """Which code made which entry: an empty file for each pair, in the cache, which clones share."""

    folder: Path

    @classmethod
    def beside(cls, cache_dir: Path) -> CodeMarks:
        """The marks that belong to DVC's cache at `cache_dir`."""
        return cls(cache_dir.joinpath(*FOLDER))

    def state(self, code: StageCode, entry: str | None) -> CodeState:
        """What is known of an entry, given by its digest (None: dvc.lock has none of the stage)."""
        if code.declared:
            return CodeState.DECLARED
        known = self.of(entry) if entry else set()
        if not known:
            return CodeState.UNKNOWN
        return CodeState.SAME if code.digest in known else CodeState.CHANGED

    def of(self, entry: str) -> set[str]:
        """Digests of the code that is known to have made an entry."""
        place = self._place(entry)
        return {path.name for path in place.iterdir()} if place.is_dir() else set()

    def add(self, entry: str, digest: str) -> None:
        """Note that code of this digest makes this entry."""
        place = self._place(entry)
        place.mkdir(parents=True, exist_ok=True)
        (place / digest).touch()

    def _place(self, entry: str) -> Path:
        return self.folder / entry[:2] / entry


def entry_digest(locked: LockedStage) -> str:
    """SHA-256 of a stage's entry in dvc.lock: its command, params, inputs and outputs."""
    return hashlib.sha256(json.dumps(asdict(locked), sort_keys=True, default=str).encode()).hexdigest()


def entry_digests(locked: Mapping[str, LockedStage]) -> dict[str, str]:
    """Stage name → the digest of its entry."""
    return {name: entry_digest(stage) for name, stage in locked.items()}
