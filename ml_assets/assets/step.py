"""One step of Dagster over some stages of a project: runs them, pushes what they made, appends the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from dagster import AssetExecutionContext, AssetKey, AssetObservation, DataVersion, MaterializeResult

from ml_assets.assets.keys import META_KEY_RECORD, META_KEY_RECORD_DIGEST
from ml_assets.assets.metadata import stage_metadata
from ml_assets.dvc.events import (
    Event,
    OnFailure,
    Redo,
    StageBroke,
    StageFinished,
    StageLine,
    StageSkipped,
)
from ml_assets.dvc.lockfile import read_locks
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.remote import push, remote_url
from ml_assets.dvc.runner import run_stages
from ml_assets.ledger.newest import newest_landing, newest_run
from ml_assets.ledger.record import DagsterRun, Outcome, RunRecord
from ml_assets.ledger.run_record import draft_run, is_recorded, unpushed_sources
from ml_assets.ledger.store import AnyRecord, Ledger


@dataclass
class Step:
    """The `selected` stages (name → asset key) of a step; needs the workspace's write slot."""

    context: AssetExecutionContext
    project: DvcProject
    selected: Mapping[str, AssetKey]
    ledger: Ledger
    remote: str | None
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def run(self, *, redo: Redo, jobs: int) -> Iterator[MaterializeResult[None]]:
        """Yield each stage's result as it ends; push and append after the last one.

        Raises:
            DvcBridgeError, LedgerError.
        """
        # Before anything runs: a misspelt remote must not cost a training first.
        url = remote_url(self.project.root, self.remote)
        events = run_stages(
            self.project, list(self.selected), redo=redo, jobs=jobs, on_failure=OnFailure.KEEP_GOING
        )
        # Closed even when we fail here: its commands must not outlive the step that holds the write slot.
        with closing(events):
            for event in events:
                self._log(event)
                if isinstance(event, StageFinished):
                    self.outcomes[event.stage] = event.outcome.value
                    yield self._result(event, url)
        self._conclude(url)

    def _log(self, event: Event) -> None:
        if isinstance(event, StageLine):
            self.context.log.info(f"{event.stage} | {event.text}")
        elif isinstance(event, StageBroke):
            self.context.log.error(str(event.error))
        elif isinstance(event, StageSkipped):
            self.context.log.warning(f"{event.stage} was not run, since {event.because} failed")

    def _result(self, finished: StageFinished, url: str | None) -> MaterializeResult[None]:
        manifest = self.project.manifest()
        locked = read_locks(self.project.root, manifest)[finished.stage]
        metadata = stage_metadata(
            project=self.project,
            stage=manifest.stage(finished.stage),
            locked=locked,
            finished=finished,
            remote_url=url,
        )
        return MaterializeResult(
            asset_key=self.selected[finished.stage],
            data_version=DataVersion(locked.version),
            metadata=metadata,
        )

    def _conclude(self, url: str | None) -> None:
        newest = newest_run(self.ledger)
        if is_recorded(self.project, newest) and not self._landed_since(newest):
            self.context.log.info("Nothing changed since record %s.", newest.number if newest else None)
            return
        if url:
            self.context.log.info("Pushed %s objects to %s", self._push(newest), url)
        run = DagsterRun(run_id=self.context.run_id, job=self.context.job_name)
        outcomes = self.outcomes
        record = self.ledger.append(
            lambda _: draft_run(self.project, stages=outcomes, newest=newest, dagster=run)
        )
        self._observe(record)

    def _push(self, newest: RunRecord | None) -> int:
        """All that the record will name; what an older record names was pushed before that."""
        records = [record for record in (newest, newest_landing(self.ledger)) if record]
        sources = unpushed_sources(self.project, [record.dvc_files for record in records])
        stages = sorted(read_locks(self.project.root, self.project.manifest()))
        return push(self.project.root, [*sources, *stages], remote=self.remote)

    def _landed_since(self, run: RunRecord | None) -> bool:
        # A landing whose bytes changed no output still needs a run record after it, or it waits for ever.
        landing = newest_landing(self.ledger)
        return landing is not None and (run is None or landing.number > run.number)

    def _observe(self, record: AnyRecord | None) -> None:
        if record is None:
            return
        self.context.log.info("Appended record %s", record.number)
        for key in self.selected.values():
            self.context.log_event(
                AssetObservation(
                    asset_key=key,
                    metadata={META_KEY_RECORD: record.number, META_KEY_RECORD_DIGEST: record.digest},
                )
            )
