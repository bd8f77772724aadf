"""The resource that runs the selected stages inside an asset's step."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from dagster import AssetExecutionContext, AssetKey, ConfigurableResource, Failure, MaterializeResult

from ml_assets.assets.keys import META_KEY_STAGE
from ml_assets.assets.process_identity import identify
from ml_assets.assets.step import Step
from ml_assets.dvc.errors import DvcBridgeError, RunCancelled
from ml_assets.dvc.events import Redo
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.workspace import writer
from ml_assets.ledger.errors import LedgerError
from ml_assets.ledger.store import Ledger


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
        project = DvcProject(Path(self.project_dir))
        try:
            with writer(
                project.private_dir, who=f"Dagster run {context.run_id}", on_wait=context.log.warning
            ):
                step = Step(
                    context=context,
                    project=project.pinned(),
                    selected=_selected(context),
                    ledger=Ledger.open(self.ledger, root=project.root),
                    remote=self.remote,
                )
                yield from step.run(redo=redo, jobs=self.jobs)
        except RunCancelled:
            raise
        except (DvcBridgeError, LedgerError) as error:
            raise Failure(str(error)) from error


def _selected(context: AssetExecutionContext) -> dict[str, AssetKey]:
    """Stage name → asset key of what this step shall bring up to date."""
    specs = {spec.key: spec for spec in context.assets_def.specs}
    return {specs[key].metadata[META_KEY_STAGE]: key for key in context.selected_asset_keys}
