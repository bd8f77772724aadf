"""Tracked paths that stages read: what changed in them goes into their .dvc files, as in `dvc repro`."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from ml_assets.dvc.code_state import StageCode
from ml_assets.dvc.errors import SourceMissing, StageFailed
from ml_assets.dvc.events import Outcome, Redo
from ml_assets.dvc.manifest import Source
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.schedule import Schedule
from ml_assets.dvc.stage_run import StageRun
from ml_assets.dvc.stage_trust import StageTrust


@dataclass
class Sources:
    """The tracked paths of a project in one run; each is looked at once, before the first that reads it.

    Those in `kept` are left as they are: something else decides what goes into their .dvc files.
    """

    project: DvcProject
    kept: Collection[str] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: set[str] = field(default_factory=set)

    def behind_moving(self, schedule: Schedule) -> set[str]:
        """The stages that read an import whose origin DVC looks at, with all behind them.

        What is in the workspace does not tell whether these are up to date.
        """
        reading = [name for name in schedule.order if any(source.moving for source in self._read_by(name))]
        return set(reading).union(*(schedule.downstream(name) for name in reading))

    def bring(self, run: StageRun) -> None:
        """Bring the .dvc files of what the stage of `run` reads up to date; tells when one changes.

        Raises:
            SourceMissing: a tracked path is not in the workspace.
            StageFailed, StageBlocked, DiskFull, NotWritable, RunCancelled: as a stage does.
        """
        for source in self._read_by(run.stage):
            with self._lock:
                if source.file not in self._seen:
                    self._look(source, run)
                    self._seen.add(source.file)

    def _read_by(self, name: str) -> tuple[Source, ...]:
        manifest = self.project.manifest()
        stage = manifest.stage(name)
        # DVC does not look at what a frozen stage reads.
        read = () if stage.frozen else manifest.sources_of(stage)
        return tuple(source for source in read if source.path not in self.kept)

    def _look(self, source: Source, run: StageRun) -> None:
        own = replace(run, trust=StageTrust(self.project, source.file, StageCode()), fetching=None)
        try:
            finished = own.reproduce(Redo.CHANGED)
        except StageFailed as error:
            if (self.project.root / source.path).exists():
                raise
            raise SourceMissing(source.path, source.file) from error
        if finished.outcome is not Outcome.UNCHANGED:
            run.lines.line(f"({source.path} changed, and {source.file} now says so)")
