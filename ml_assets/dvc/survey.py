"""Finds the stages of a run that are up to date before anything runs: by looking, then by asking DVC."""

from __future__ import annotations

from pathlib import Path

from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.schedule import Schedule
from ml_assets.dvc.unchanged import Fingerprints, LastLook


def up_to_date(project: DvcProject, schedule: Schedule) -> set[str]:
    """Names of the stages that `dvc repro` would skip with all that is above them, in one pass.

    Where another process is writing some path, nothing but what is known by looking is told: such a stage is
    better asked one by one, waiting for its turn.
    """
    stages = [project.manifest().stage(name) for name in schedule.order]
    look = LastLook.read(project)
    known = _with_ancestors(schedule, look.unchanged(stages))
    if len(known) == len(stages):
        return known
    return known | _asked(project, schedule, known, look)


def _with_ancestors(schedule: Schedule, names: set[str]) -> set[str]:
    return {name for name in names if schedule.waits_for[name] <= names}


def _asked(project: DvcProject, schedule: Schedule, known: set[str], look: LastLook) -> set[str]:
    from ml_assets.dvc._internals import DvcException, open_repo, unclaimed

    with open_repo(project.root) as repo:
        cache_dir = Path(repo.cache.legacy.path)
        before = Fingerprints(project, cache_dir)
        found: dict[str, str | None] = {}
        with unclaimed(repo) as free:
            for name in schedule.order if free else ():
                if name in known or not schedule.waits_for[name] <= known | set(found):
                    continue
                stage = project.manifest().stage(name)
                seen = before.of(stage)
                try:
                    changed = repo.stage.get_target(name).changed()
                except DvcException:
                    continue  # it will say so itself when it runs
                if not changed:
                    found[name] = seen
    look.keep({name: seen for name, seen in found.items() if seen}, cache_dir)
    return set(found)
