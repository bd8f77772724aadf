"""One experiment: a clone, changed params, the stages, a commit, a ref."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.clone import clone, clone_environment
from ml_assets.dvc.errors import NoStages
from ml_assets.dvc.events import Outcome, StageFinished
from ml_assets.dvc.experiments import overrides
from ml_assets.dvc.experiments.commit import commit_workspace, publish
from ml_assets.dvc.experiments.errors import DataMissing
from ml_assets.dvc.experiments.events import (
    ExperimentEvent,
    ExperimentProgress,
    ExperimentSaved,
    ExperimentStarted,
)
from ml_assets.dvc.experiments.values import Batch, PlannedExperiment
from ml_assets.dvc.manifest import overlaps
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets.dvc.targets import Direction, select_stages
from ml_assets.dvc.variables import with_variables


@dataclass(frozen=True)
class ExperimentRun:
    """Runs one experiment of a batch, in a process of its own: it changes directory and environment.

    `folder` is where the clone may be; `lent` has the files that Git does not track; `tell` hears of it all.
    """

    batch: Batch
    experiment: PlannedExperiment
    folder: Path
    lent: Path
    tell: Callable[[ExperimentEvent], None]

    def run(self) -> None:
        """Bring the targets up to date and keep the result as a DVC experiment.

        Raises:
            DvcBridgeError: of whichever step failed; nothing is kept then.
        """
        started = time.monotonic()
        snapshot, name = self.batch.snapshot, self.experiment.name
        with clone(snapshot, into=self.folder, lent=self.lent) as root:
            self.tell(ExperimentStarted(name))
            project = self._prepare(root)
            stages = self._stages(project)
            changed = self._run_stages(project, stages)
            rev = self._save(root, stages, changed)
        self.tell(ExperimentSaved(name, rev, time.monotonic() - started))

    def _prepare(self, root: Path) -> DvcProject:
        """The project in the clone, with its params changed and its data in place."""
        from ml_assets.dvc._internals.repo import open_repo
        from ml_assets.dvc.resolve import resolve

        with open_repo(root) as repo:
            overrides.apply(repo, self.experiment.overrides)
            repo.checkout(force=True, allow_missing=True)
        return DvcProject(root, resolve(root))

    def _stages(self, project: DvcProject) -> tuple[str, ...]:
        """What is to be brought up to date; a missing input is found now, before the first command."""
        manifest = project.manifest()
        names = select_stages(manifest, self.batch.targets, Direction.UPSTREAM)
        if not names:
            raise NoStages(project.root)
        read = {dep for name in names for dep in manifest.stage(name).deps}
        sources = [each.path for each in manifest.sources if any(overlaps(each.path, dep) for dep in read)]
        if missing := [path for path in sources if not (project.root / path).exists()]:
            raise DataMissing(missing, str(project.cache_dir()))
        return names

    def _run_stages(self, project: DvcProject, stages: Sequence[str]) -> set[str]:
        """Names of the stages that came out as something new."""
        changed: set[str] = set()
        with (
            with_variables(self._stage_environment()),
            closing(run_stages(project, stages, jobs=self.batch.stage_jobs)) as events,
        ):
            for event in events:
                self.tell(ExperimentProgress(self.experiment.name, event))
                if isinstance(event, StageFinished) and event.outcome is not Outcome.UNCHANGED:
                    changed.add(event.stage)
        return changed

    def _stage_environment(self) -> dict[str, str]:
        snapshot = self.batch.snapshot
        return {
            **clone_environment(snapshot, self.folder),
            # By these DVCLive knows that it is in an experiment, and makes none of its own.
            "DVC_EXP_NAME": self.experiment.name,
            "DVC_EXP_BASELINE_REV": snapshot.baseline,
            "DVC_ROOT": str(Path(snapshot.top, snapshot.project)),
        }

    def _save(self, root: Path, stages: Sequence[str], changed: Collection[str]) -> str:
        from ml_assets.dvc._internals.experiments import experiment_digest, experiment_ref, stage_files
        from ml_assets.dvc._internals.repo import open_repo

        snapshot, name = self.batch.snapshot, self.experiment.name
        with open_repo(root) as repo:
            found = {name: repo.stage.get_target(name) for name in stages}
            files = stage_files(repo, found.values())
            digest = experiment_digest(stage for name, stage in found.items() if name in changed)
        message = self.batch.message or f"dvc: commit experiment {digest}"
        rev = commit_workspace(root, baseline=snapshot.baseline, files=files, message=message)
        ref = experiment_ref(snapshot.baseline, name)
        publish(root, rev, to=Path(snapshot.top), ref=ref, name=name, baseline=snapshot.baseline)
        return rev
