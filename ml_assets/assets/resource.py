"""The resource that runs the selected stages inside an asset's step."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import AssetExecutionContext, AssetKey, ConfigurableResource, Failure, MaterializeResult

from ml_assets.assets.conclusion import Conclusion
from ml_assets.assets.errors import BelowThreshold
from ml_assets.assets.keys import META_KEY_STAGE
from ml_assets.assets.process_identity import identify
from ml_assets.assets.step import Step
from ml_assets.dvc.errors import DvcBridgeError, RunCancelled
from ml_assets.dvc.events import Redo, Start
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.remotes import remote_url
from ml_assets.dvc.workspace import writer
from ml_assets.ledger.errors import LedgerError
from ml_assets.ledger.store import Ledger


class DvcResource(ConfigurableResource[None]):
    """Runs the stages of a DVC project.

    Attributes:
        project_dir: the project's root.
        remote: DVC remote to push to; None is DVC's default, an empty string pushes nothing.
        ledger: where records go: a folder relative to the root, or an s3://, gs:// or az:// address.
        landed: tracked paths that a landing fills; runs of stages leave their .dvc files alone.
        jobs: how many independent stages run side by side.
        warm: whether stages that ask for it (`meta.dagster.preload`) start with their libraries loaded.
    """

    project_dir: str
    remote: str | None = None
    ledger: str = ".ml_assets/ledger"
    landed: list[str] = []
    jobs: int = os.cpu_count() or 1
    warm: bool = True

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
        identify(context)
        with failures(), writer(self._private, who=who(context), on_wait=context.log.warning):
            step = self._step(context)
            yield from step.run(redo=redo, jobs=self.jobs, start=Start.WARM if self.warm else Start.COLD)
            conclusion = self.conclusion(context)
            conclusion.observe(conclusion.conclude(step.outcomes), step.selected.values())

    def conclusion(self, context: AssetExecutionContext) -> Conclusion:
        """What a run in `context` ends with.

        Raises:
            RemoteUnknown.
        """
        project = self.project.pinned()
        ledger = Ledger.open(self.ledger, root=project.root)
        return Conclusion(context, project, ledger, self.remote, remote_url(project.root, self.remote))

    @property
    def project(self) -> DvcProject:
        return DvcProject(Path(self.project_dir))

    @property
    def _private(self) -> Path:
        return self.project.private_dir

    def _step(self, context: AssetExecutionContext) -> Step:
        # Asked before anything runs: a misspelt remote must not cost a training first.
        url = remote_url(self.project.root, self.remote)
        return Step(
            context=context,
            project=self.project.pinned(),
            selected=selected_stages(context),
            remote=self.remote,
            url=url,
            landed=self.landed,
        )


@contextmanager
def failures() -> Iterator[None]:
    """Whatever is foreseen to go wrong fails the step in words; Terminate ends it as it is."""
    try:
        yield
    except RunCancelled:
        raise
    except (DvcBridgeError, LedgerError, BelowThreshold) as error:
        raise Failure(str(error)) from error


def who(context: AssetExecutionContext) -> str:
    """How a run is called to those who wait for it."""
    return f"Dagster run {context.run_id}"


def selected_stages(context: AssetExecutionContext) -> dict[str, AssetKey]:
    """Stage name → asset key of what this step shall bring up to date."""
    specs = {spec.key: spec for spec in context.assets_def.specs}
    return {specs[key].metadata[META_KEY_STAGE]: key for key in context.selected_asset_keys}
