"""The resource that runs stages inside an asset's step and ends it with a record in the ledger."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetObservation,
    ConfigurableResource,
    DataVersion,
    Failure,
    MaterializeResult,
)

from ml_assets.assets.keys import META_KEY_RECORD, META_KEY_RECORD_DIGEST, META_KEY_STAGE
from ml_assets.assets.metadata import stage_metadata
from ml_assets.assets.process_identity import identify
from ml_assets.dvc.errors import DvcBridgeError, RunCancelled
from ml_assets.dvc.events import OnFailure, Redo, StageBroke, StageFinished, StageLine, StageSkipped
from ml_assets.dvc.lockfile import read_locks
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.remote import push, remote_url
from ml_assets.dvc.runner import run_stages
from ml_assets.dvc.workspace import writer
from ml_assets.ledger.errors import LedgerError
from ml_assets.ledger.newest import newest_landing, newest_run
from ml_assets.ledger.record import DagsterRun, Outcome, RunRecord
from ml_assets.ledger.run_record import draft_run, is_recorded
from ml_assets.ledger.store import AnyRecord, Ledger


class DvcResource(ConfigurableResource[None]):
    """Runs the stages of a DVC project.

    Attributes:
        project_dir: the project's root.
        remote: DVC remote to push to; None is DVC's default, an empty string pushes nothing.
        ledger: where records go: a folder relative to the root, or an s3://, gs:// or az:// address.
        jobs: how many independent stages run side by side.
    """

    project_dir: str
    remote: str | None = None
    ledger: str = ".ml_assets/ledger"
    jobs: int = os.cpu_count() or 1

    def run(
        self, *, context: AssetExecutionContext, redo: Redo = Redo.CHANGED
    ) -> Iterator[MaterializeResult[None]]:
        """Run the selected stages, push what they made and append a record.

        Yields one result a stage, as it ends, also for a stage that did not change: with the same data
        version, at which what is downstream rests. The push and the record come after the last one.

        Raises:
            dagster.Failure: a stage failed (those that do not depend on it are finished first and kept), or
                the push or the ledger did.
        """
        identify(context)
        selected = _selected(context)
        project = DvcProject(Path(self.project_dir))
        try:
            with writer(
                project.private_dir, who=f"Dagster run {context.run_id}", on_wait=context.log.warning
            ):
                project = project.pinned()
                outcomes: dict[str, Outcome] = {}
                yield from self._run_stages(context, project, selected, redo, outcomes)
                self._conclude(context, project, selected, outcomes)
        except RunCancelled:
            raise
        except (DvcBridgeError, LedgerError) as error:
            raise Failure(str(error)) from error

    def _run_stages(
        self,
        context: AssetExecutionContext,
        project: DvcProject,
        selected: dict[str, AssetKey],
        redo: Redo,
        outcomes: dict[str, Outcome],
    ) -> Iterator[MaterializeResult[None]]:
        events = run_stages(
            project, list(selected), redo=redo, jobs=self.jobs, on_failure=OnFailure.KEEP_GOING
        )
        for event in events:
            if isinstance(event, StageLine):
                context.log.info(f"{event.stage} | {event.text}")
            elif isinstance(event, StageBroke):
                context.log.error(str(event.error))
            elif isinstance(event, StageSkipped):
                context.log.warning(f"{event.stage} was not run, since {event.because} failed")
            elif isinstance(event, StageFinished):
                outcomes[event.stage] = event.outcome.value
                yield self._result(project, selected[event.stage], event)

    def _result(self, project: DvcProject, key: AssetKey, finished: StageFinished) -> MaterializeResult[None]:
        manifest = project.manifest()
        locked = read_locks(project.root, manifest)[finished.stage]
        metadata = stage_metadata(
            project=project,
            stage=manifest.stage(finished.stage),
            locked=locked,
            finished=finished,
            remote_url=remote_url(project.root, self.remote),
        )
        return MaterializeResult(asset_key=key, data_version=DataVersion(locked.version), metadata=metadata)

    def _conclude(
        self,
        context: AssetExecutionContext,
        project: DvcProject,
        selected: dict[str, AssetKey],
        outcomes: dict[str, Outcome],
    ) -> None:
        ledger = Ledger.open(self.ledger, root=project.root)
        newest = newest_run(ledger)
        if is_recorded(project, newest) and not _landed_since(ledger, newest):
            context.log.info("Nothing changed since record %s.", newest.number if newest else None)
            return
        if remote_url(project.root, self.remote):
            pushed = push(
                project.root, sorted(read_locks(project.root, project.manifest())), remote=self.remote
            )
            context.log.info("Pushed %s objects to %s", pushed, remote_url(project.root, self.remote))
        run = DagsterRun(run_id=context.run_id, job=context.job_name)
        record = ledger.append(lambda _: draft_run(project, stages=outcomes, newest=newest, dagster=run))
        _observe(context, selected, record)


def _selected(context: AssetExecutionContext) -> dict[str, AssetKey]:
    """Stage name → asset key of what this step shall bring up to date."""
    specs = {spec.key: spec for spec in context.assets_def.specs}
    return {specs[key].metadata[META_KEY_STAGE]: key for key in context.selected_asset_keys}


def _landed_since(ledger: Ledger, run: RunRecord | None) -> bool:
    # A landing whose bytes changed no output still needs a run record after it, or it waits for ever.
    landing = newest_landing(ledger)
    return landing is not None and (run is None or landing.number > run.number)


def _observe(context: AssetExecutionContext, selected: dict[str, AssetKey], record: AnyRecord | None) -> None:
    if record is None:
        return
    context.log.info("Appended record %s", record.number)
    for key in selected.values():
        context.log_event(
            AssetObservation(
                asset_key=key,
                metadata={META_KEY_RECORD: record.number, META_KEY_RECORD_DIGEST: record.digest},
            )
        )
