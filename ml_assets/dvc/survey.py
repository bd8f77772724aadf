"""Finds the stages of a run that are up to date before anything runs: by looking, then by asking DVC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_assets.dvc.code_state import CodeMarks, CodeState, Mark, StageCode, entry_digest, stage_code
from ml_assets.dvc.manifest import Stage
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.schedule import Schedule
from ml_assets.dvc.unchanged import Fingerprints, LastLook


def stage_codes(project: DvcProject, schedule: Schedule) -> dict[str, StageCode]:
    """The code of each stage of a run, as it is when the run begins."""
    codes = {name: stage_code(project, project.manifest().stage(name)) for name in schedule.order}
    project.code().save()
    return codes


def up_to_date(project: DvcProject, schedule: Schedule, codes: Mapping[str, StageCode]) -> set[str]:
    """Names of the stages that need not run, with all that is above them, found in one pass.

    These are the ones that `dvc repro` would skip, except where other code made the result. Where another
    process is writing some path, nothing but what is known by looking is told: such a stage is better asked
    one by one, waiting for its turn.
    """
    stages = [project.manifest().stage(name) for name in schedule.order]
    look = LastLook.read(project)
    known = _with_ancestors(schedule, look.unchanged(stages, codes))
    if len(known) == len(stages):
        return known
    return known | _Question(project, schedule, codes, known).ask(look)


def _with_ancestors(schedule: Schedule, names: set[str]) -> set[str]:
    return {name for name in names if schedule.waits_for[name] <= names}


@dataclass(frozen=True)
class _Question:
    """What is asked of DVC: the stages that are not `known` to be up to date."""

    project: DvcProject
    schedule: Schedule
    codes: Mapping[str, StageCode]
    known: set[str]

    def ask(self, look: LastLook) -> set[str]:
        from ml_assets.dvc._internals.repo import LockError

        try:
            return self._ask(look)
        except LockError:
            return set()  # whoever has DVC's lock is waited for, and named, by the stages themselves

    def _ask(self, look: LastLook) -> set[str]:
        from ml_assets.dvc._internals.repo import open_repo, unclaimed

        with open_repo(self.project.root, stopped=lambda: True, tell=None) as repo:
            cache_dir = Path(repo.cache.legacy.path)
            before = Fingerprints(self.project, cache_dir, self.codes)
            with unclaimed(repo) as free:
                found = dict(self._unchanged(repo, before)) if free else {}
        look.keep({name: seen for name, seen in found.items() if seen}, cache_dir)
        return set(found)

    def _unchanged(self, repo: Any, before: Fingerprints) -> Iterator[tuple[str, str | None]]:
        """Each stage with what it looked like before DVC was asked."""
        marks = CodeMarks.beside(before.cache_dir)
        done = set(self.known)
        for name in self.schedule.order:
            if name in done or not self.schedule.waits_for[name] <= done:
                continue
            stage = self.project.manifest().stage(name)
            seen = before.of(stage)
            if self._is_unchanged(repo, stage, before, marks):
                done.add(name)
                yield name, seen

    def _is_unchanged(self, repo: Any, stage: Stage, before: Fingerprints, marks: CodeMarks) -> bool:
        locked, code = before.locks.get(stage.name), self.codes[stage.name]
        entry = entry_digest(locked) if locked else None
        state = marks.state(code, entry)
        if state is CodeState.CHANGED:
            return False
        try:
            changed = repo.stage.get_target(stage.name).changed()
        except Exception:  # noqa: BLE001 - DVC stumbles over it again when the stage runs, and is heard
            return False
        if not changed and entry and state is CodeState.UNKNOWN:
            marks.add(entry, code.digest, Mark.ADOPTED)
        return not changed
