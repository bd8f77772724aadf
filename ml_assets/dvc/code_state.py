"""Knows which code made an entry of dvc.lock, where DVC does not look at all of a stage's code.

DVC compares the files that `deps` names. A helper that a script imports is often not among them: then DVC
calls an edited stage up to date, and its run cache restores what the old helper made. So each entry that we
let happen is marked with the digest of all code that the stage reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path

from ml_assets.dvc.closure import code_digest, import_closure, is_strict, undeclared_code
from ml_assets.dvc.digest import digest_of
from ml_assets.dvc.files import replace_file
from ml_assets.dvc.lockfile import LockedStage
from ml_assets.dvc.manifest import Stage
from ml_assets.dvc.project import DvcProject

FOLDER = ("ml_assets", "code")


class CodeState(Enum):
    """What is known of the code that made a stage's entry in dvc.lock."""

    DECLARED = "all of it is in deps, where DVC looks at it"
    SAME = "it is the code of now"
    CHANGED = "it was other code"
    UNKNOWN = "nobody has noted it"


@dataclass(frozen=True)
class StageCode:
    """The code of a stage at one moment; `undeclared` are the files that DVC does not look at, by SHA-256.

    `strict` says that the Python environment counts as code, which DVC never looks at.
    """

    digest: str = ""
    undeclared: Mapping[str, str | None] = field(default_factory=dict)
    strict: bool = False

    @property
    def declared(self) -> bool:
        """Whether DVC sees all of it, so that its run cache can be trusted with the stage."""
        return not self.undeclared and not self.strict


def stage_code(project: DvcProject, stage: Stage) -> StageCode:
    """The code that `stage` would run now; a frozen stage runs none."""
    if stage.frozen:
        return StageCode()
    manifest, code = project.manifest(), project.code()
    closure = import_closure(project.root, stage, code=code)
    return StageCode(
        digest=code_digest(project.root, manifest, stage, code=code),
        undeclared={file: code.sha256(file) for file in undeclared_code(manifest, stage, closure)},
        strict=is_strict(stage),
    )


class Mark(Enum):
    """How it is known that some code made an entry."""

    MADE = ""
    """We saw it run."""
    ADOPTED = "adopted"
    """DVC called the stage up to date when we first looked; true on this machine as far as anybody knows."""


@dataclass(frozen=True)
class CodeMarks:
    """Which code made which entry: a small file for each pair, beside the cache, which clones share."""

    folder: Path

    @classmethod
    def beside(cls, cache_dir: Path) -> CodeMarks:
        """The marks that belong to DVC's cache at `cache_dir`."""
        return cls(cache_dir.joinpath(*FOLDER))

    def state(self, code: StageCode, entry: str | None) -> CodeState:
        """What is known of an entry, given by its digest (None: dvc.lock has none of the stage)."""
        if code.declared:
            return CodeState.DECLARED
        known = self.of(entry) if entry else {}
        if not known:
            return CodeState.UNKNOWN
        return CodeState.SAME if code.digest in known else CodeState.CHANGED

    def of(self, entry: str) -> dict[str, Mark]:
        """Digest of code that makes an entry → how that is known."""
        place = self._place(entry)
        files = place.iterdir() if place.is_dir() else ()
        return {file.name: Mark(file.read_text(encoding="utf-8")) for file in files}

    def add(self, entry: str, digest: str, mark: Mark) -> None:
        """Note that code of this digest makes this entry."""
        place = self._place(entry)
        place.mkdir(parents=True, exist_ok=True)
        replace_file(place / digest, mark.value)

    def _place(self, entry: str) -> Path:
        return self.folder / entry[:2] / entry


def entry_digest(locked: LockedStage) -> str:
    """SHA-256 of a stage's entry in dvc.lock: its command, params, inputs and outputs."""
    return digest_of(asdict(locked))
