"""The resource that runs the selected stages inside an asset's step."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dagster import (
    AssetExecutionContext,
    AssetKey,
    ConfigurableResource,
    DagsterEventType,
    DataVersion,
    Failure,
    MaterializeResult,
    MetadataValue,
)
from pydantic import Field

from ml_assets.assets.errors import SeveralPartitions
from ml_assets.assets.keys import (
    META_KEY_COMMIT,
    META_KEY_LEDGER,
    META_KEY_OUTCOME,
    META_KEY_RECORD,
    META_KEY_RECORD_DIGEST,
    META_KEY_STAGE,
    META_KEY_STAGES,
)
from ml_assets.assets.process_identity import identify
from ml_assets.dvc.errors import RunCancelled
from ml_assets.dvc.events import Redo, Start
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.remotes import remote_url
from ml_assets.errors import ForeseenError

# What runs stages and ends runs is imported by runs alone: loading definitions does not wait for it.
if TYPE_CHECKING:
    from ml_assets.assets.conclusion import Conclusion
    from ml_assets.assets.step import Step
    from ml_assets.ledger.record import AnyRecord, Outcome


class DvcResource(ConfigurableResource[None]):
    """Runs the stages of a DVC project.

    Attributes:
        project_dir: the project's root.
        remote: DVC remote to push to; None is DVC's default, an empty string pushes nothing.
        ledger: where records go: a folder relative to the root, or an s3://, gs:// or az:// address.
        landed: tracked paths that a landing fills; runs of stages leave their .dvc files alone.
        jobs: how many independent stages run side by side.
        warm: whether stages that ask for it (`meta.dagster.preload`) start with their libraries loaded.
        home: the checkout, where the project is production's clone of its commit `pin`. Each run then
            goes on from what the ledger says, whatever a killed one or another host has left.
        commits: whether each run commits dvc.lock, on `branch` (None: the one that is checked out).
        ledger_asset: key of the asset that shows the ledger, to which materializations link; empty: none.
    """

    project_dir: str
    remote: str | None = None
    ledger: str = ".ml_assets/ledger"
    landed: list[str] = Field(default_factory=list)
    jobs: int = os.cpu_count() or 1
    warm: bool = True
    home: str | None = None
    pin: str | None = None
    commits: bool = False
    branch: str | None = None
    ledger_asset: list[str] = Field(default_factory=list)

    def run(
        self, *, context: AssetExecutionContext, redo: Redo = Redo.CHANGED
    ) -> Iterator[MaterializeResult[None]]:
        """Run the selected stages, push what they made and append a record.

        Yields one result a stage, as it ends, also for a stage that did not change: with the same data
        version, at which what is downstream rests. The push and the record come after the last one.

        Raises:
            dagster.Failure: a stage failed (those that do not depend on it are finished first and kept), a
                blocking check was not passed, or the push or the ledger failed.
        """
        from ml_assets.dvc.lockfile import root_lock_text
        from ml_assets.dvc.workspace import writer

        identify(context)
        with failures(), writer(self._private, who=who(context), on_wait=context.log.warning):
            self._bring_to_newest(context)
            step, began_with = self._step(context), root_lock_text(self.project.root)
            with self._own_code():
                yield from step.run(redo=redo, jobs=self.jobs, start=self._start)
            conclusion = self.conclusion(context)
            record = conclusion.conclude(step.outcomes, began_with=began_with)
            more = {**self.link(), **self._committed(context, record, began_with=began_with)}
            conclusion.observe(record, step.selected.values(), more)

    def run_step(
        self, *, context: AssetExecutionContext, redo: Redo = Redo.CHANGED
    ) -> Iterator[MaterializeResult[None]]:
        """Run the stages of one of several steps of a run, and push what they made; append no record.

        Raises:
            dagster.Failure: as `run`.
        """
        from ml_assets.dvc.lock_before import lock_before
        from ml_assets.dvc.run_cache import push_results

        with failures(), self._slot(context):
            step = self._step(context, lock_before=lock_before(self.project, who(context)))
            with self._own_code():
                yield from step.run(redo=redo, jobs=self.jobs, start=self._start)
            made = [stage for stage, outcome in step.outcomes.items() if outcome != "unchanged"]
            if step.url and made:
                push_results(step.project, made, remote=self.remote)

    def record(
        self, *, context: AssetExecutionContext, stages: Mapping[AssetKey, str]
    ) -> Iterator[MaterializeResult[None]]:
        """Append the record of what the steps of this run have made, by the `stages` of their assets.

        Raises:
            dagster.Failure: the push or the ledger failed.
        """
        from ml_assets.dvc.lock_before import text_before
        from ml_assets.ledger.newest import newest_run

        with failures(), self._slot(context):
            conclusion = self.conclusion(context)
            outcomes = outcomes_of(context, stages)
            began_with = text_before(self.project, who(context)) or ""
            record = conclusion.conclude(outcomes, began_with=began_with)
            keys = [key for key, stage in stages.items() if stage in outcomes]
            more = {**self.link(), **self._committed(context, record, began_with=began_with)}
            conclusion.observe(record, keys, more)
            if newest := record or newest_run(conclusion.ledger):
                yield MaterializeResult(
                    data_version=DataVersion(newest.digest),
                    metadata={META_KEY_RECORD: newest.number, META_KEY_RECORD_DIGEST: newest.digest},
                )

    def _slot(self, context: AssetExecutionContext) -> AbstractContextManager[None]:
        from ml_assets.dvc.lock_before import keep_lock_before, lock_before
        from ml_assets.dvc.workspace import writers

        run, project = who(context), self.project.pinned()

        def first() -> None:
            # The slot is nobody's between two steps of a run as well, when stages have run and no record is
            # made yet.
            if lock_before(project, run) is None:
                self._bring_to_newest(context)
            keep_lock_before(project, run)

        return writers(self._private, group=run, on_wait=context.log.warning, first=first)

    def bring_to_newest(self, context: AssetExecutionContext) -> None:
        """In production, make the workspace what the ledger says; in research it is what a person says.

        Raises:
            dagster.Failure: data that the ledger names is neither in the cache nor on the remote.
        """
        from ml_assets.dvc.workspace import writer

        if self.home is not None:
            with failures(), writer(self._private, who=who(context), on_wait=context.log.warning):
                self._bring_to_newest(context)

    def _bring_to_newest(self, context: AssetExecutionContext) -> None:
        from ml_assets.ledger.newest_state import bring_to_newest
        from ml_assets.ledger.store import Ledger

        if self.home is not None:
            ledger = Ledger.open(self.ledger, root=self.project.root)
            bring_to_newest(self.project, ledger, remote=self.remote, progress=context.log.info)

    def _committed(
        self, context: AssetExecutionContext, record: AnyRecord | None, *, began_with: str
    ) -> dict[str, str]:
        """Metadata of the commit of dvc.lock; what keeps it from being made is told, and fails no run."""
        from ml_assets.assets.lock_commit import commit_lock
        from ml_assets.dvc.errors import DvcBridgeError
        from ml_assets.ledger.record import RunRecord
        from ml_assets.ledger.store import Ledger

        if not self.commits or not isinstance(record, RunRecord):
            return {}
        ledger = Ledger.open(self.ledger, root=self.project.root)
        try:
            commit = commit_lock(self.project, ledger, record, branch=self.branch, began_with=began_with)
        except DvcBridgeError as error:
            context.log.warning(str(error))
            return {META_KEY_COMMIT: f"none: {error}"}
        return {META_KEY_COMMIT: commit} if commit else {}

    def link(self) -> dict[str, Any]:
        """Metadata that leads from an asset's page to the ledger's."""
        key = self.ledger_asset
        return {META_KEY_LEDGER: MetadataValue.asset(AssetKey(key))} if key else {}

    def _own_code(self) -> AbstractContextManager[None]:
        """Stages of a clone import the clone's code, not the checkout's."""
        from ml_assets.dvc.pinned_clone import pinned_environment
        from ml_assets.dvc.variables import with_variables

        if self.home is None or self.pin is None:
            return nullcontext()
        return with_variables(pinned_environment(Path(self.home), self.pin))

    @property
    def _start(self) -> Start:
        return Start.WARM if self.warm else Start.COLD

    def conclusion(self, context: AssetExecutionContext) -> Conclusion:
        """What a run in `context` ends with.

        Raises:
            RemoteUnknown.
        """
        from ml_assets.assets.conclusion import Conclusion
        from ml_assets.ledger.store import Ledger

        project = self.project.pinned()
        ledger = Ledger.open(self.ledger, root=project.root)
        return Conclusion(context, project, ledger, self.remote, remote_url(project.root, self.remote))

    @property
    def project(self) -> DvcProject:
        return DvcProject(Path(self.project_dir))

    @property
    def _private(self) -> Path:
        return self.project.private_dir

    def _step(
        self, context: AssetExecutionContext, lock_before: Mapping[str, list[str]] | None = None
    ) -> Step:
        from ml_assets.assets.step import Step

        # Asked before anything runs: a misspelt remote must not cost a training first.
        url = remote_url(self.project.root, self.remote)
        return Step(
            context=context,
            project=self.project.pinned(),
            selected=selected_stages(context),
            remote=self.remote,
            url=url,
            landed=self.landed,
            lock_before=lock_before,
        )


@contextmanager
def failures() -> Iterator[None]:
    """Whatever is foreseen to go wrong fails the step in words; Terminate ends it as it is."""
    try:
        yield
    except RunCancelled:
        raise
    except ForeseenError as error:
        raise Failure(str(error)) from error


def who(context: AssetExecutionContext) -> str:
    """How a run is called to those who wait for it."""
    return f"Dagster run {context.run_id}"


def selected_stages(context: AssetExecutionContext) -> dict[str, AssetKey]:
    """Stage name → asset key of what this step shall bring up to date.

    Raises:
        SeveralPartitions.
    """
    specs = {spec.key: spec for spec in context.assets_def.specs}
    found: dict[str, AssetKey] = {}
    for key in context.selected_asset_keys:
        partitions = specs[key].metadata.get(META_KEY_STAGES)
        stage = specs[key].metadata[META_KEY_STAGE] if partitions is None else partitions[_partition(context)]
        found[stage] = key
    return found


def _partition(context: AssetExecutionContext) -> str:
    if len(context.partition_keys) > 1:
        raise SeveralPartitions(tuple(context.partition_keys))
    return str(context.partition_key)


def outcomes_of(context: AssetExecutionContext, stages: Mapping[AssetKey, str]) -> dict[str, Outcome]:
    """Stage → its outcome, of the assets that this run has materialized so far."""
    found = context.instance.get_records_for_run(
        context.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION
    ).records
    outcomes: dict[str, Outcome] = {}
    for each in found:
        made = each.asset_materialization
        if made and made.asset_key in stages:
            outcomes[stages[made.asset_key]] = cast("Outcome", made.metadata[META_KEY_OUTCOME].value)
    return outcomes
