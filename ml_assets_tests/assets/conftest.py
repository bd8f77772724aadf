"""A small project with its Dagster definitions, and an instance that forgets."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dagster import (
    AssetExecutionContext,
    AssetMaterialization,
    AssetsDefinition,
    DagsterInstance,
    ExecuteInProcessResult,
    MaterializeResult,
    materialize,
)

from ml_assets.assets import DvcProject, DvcResource, DvcRunConfig, dvc_assets
from ml_assets.dvc.events import Redo
from ml_assets.ledger.store import Ledger
from ml_assets_tests.factories import make_two_stages


@dataclass
class DagsterProject:
    """A DVC project as a user of the library would define it."""

    project: DvcProject
    instance: DagsterInstance = field(default_factory=DagsterInstance.ephemeral)

    @property
    def root(self) -> Path:
        return self.project.root

    @property
    def ledger(self) -> Ledger:
        return Ledger.open(".ml_assets/ledger", root=self.root)

    def assets(self) -> AssetsDefinition:
        @dvc_assets(project=self.project, sources=("data/raw",))
        def pipeline(
            context: AssetExecutionContext, config: DvcRunConfig, dvc: DvcResource
        ) -> Iterator[MaterializeResult[None]]:
            yield from dvc.run(context=context, redo=config.redo)

        return pipeline

    def materialize(
        self, selection: str | None = None, *, redo: Redo = Redo.CHANGED, **settings: Any
    ) -> ExecuteInProcessResult:
        """Run the selected assets; `settings` are the resource's."""
        return materialize(
            [self.assets()],
            selection=selection,
            resources={"dvc": DvcResource(project_dir=str(self.root), **settings)},
            instance=self.instance,
            run_config={"ops": {"pipeline": {"config": {"redo": redo.name}}}},
            raise_on_error=False,
        )


def materializations(result: ExecuteInProcessResult) -> dict[str, AssetMaterialization]:
    """Asset name → its materialization in a run."""
    events = result.get_asset_materialization_events()
    return {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization
        for event in events
        if event.asset_key
    }


def metadata(materialization: AssetMaterialization) -> dict[str, Any]:
    return {name: value.value for name, value in materialization.metadata.items()}


@pytest.fixture
def dagster_project(tmp_path: Path) -> DagsterProject:
    return DagsterProject(DvcProject(make_two_stages(tmp_path / "project")))
