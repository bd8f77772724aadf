"""Whether a stage's recorded result is one of its code now, and what that means for the run of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_assets.dvc.closure import import_closure
from ml_assets.dvc.code_state import CodeMarks, CodeState, Mark, StageCode, entry_digest
from ml_assets.dvc.fetching import Fetching
from ml_assets.dvc.lockfile import read_locks
from ml_assets.dvc.project import DvcProject


@dataclass(frozen=True)
class StageTrust:
    """What is known of one stage's code; all of it is of no matter where `deps` declare the code."""

    project: DvcProject
    stage: str
    code: StageCode

    def must_run(self, repo: Any, fetching: Fetching | None, tell: Callable[[str], None]) -> bool:
        """Whether DVC's own opinion does not count: its result may be one of other code.

        A result of unknown code is kept where it is all there; it is never restored, for it may be anybody's.
        """
        if self.code.declared:
            return False
        marks, entry = _marks(repo), self._entry()
        if fetching and entry and not marks.of(entry):
            fetching.bring_marks(repo, entry, marks, tell)
        state = marks.state(self.code, entry)
        if state is CodeState.UNKNOWN and entry and not self._changed(repo):
            marks.add(entry, self.code.digest, Mark.ADOPTED)
            return False
        if state is CodeState.CHANGED:
            tell(f"(its code changed, which deps do not tell: {self._names()})")
        return state is not CodeState.SAME

    def files(self) -> tuple[str, ...]:
        """The project's modules and scripts that the stage runs."""
        stage = self.project.manifest().stage(self.stage)
        return import_closure(self.project.root, stage, code=self.project.code())

    def undeclared_now(self) -> dict[str, str | None]:
        """The files that DVC does not look at, read again."""
        code = DvcProject(self.project.root).code()
        return {file: code.sha256(file) for file in self.code.undeclared}

    def note(self, repo: Any) -> None:
        """Note that this code made what dvc.lock says now."""
        entry = None if self.code.declared else self._entry()
        if entry:
            _marks(repo).add(entry, self.code.digest, Mark.MADE)

    def _entry(self) -> str | None:
        locked = read_locks(self.project.root, self.project.manifest()).get(self.stage)
        return entry_digest(locked) if locked else None

    def _changed(self, repo: Any) -> bool:
        with repo.lock:
            try:
                changed: bool = repo.stage.get_target(self.stage).changed()
            except Exception:  # noqa: BLE001 - DVC stumbles over it again when the stage runs, and is heard
                return True
            finally:
                repo._reset()
        return changed

    def _names(self) -> str:
        names = [*self.code.undeclared, *(["the environment"] if self.code.strict else [])]
        return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")  # noqa: PLR2004 - enough to look at


def _marks(repo: Any) -> CodeMarks:
    return CodeMarks.beside(Path(repo.cache.legacy.path))
