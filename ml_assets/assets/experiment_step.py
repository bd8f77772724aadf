"""One step of Dagster over a batch of experiments: runs them, tracks them, shows them side by side."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from dagster import (
    AssetKey,
    AssetMaterialization,
    MetadataValue,
    OpExecutionContext,
    TableColumn,
    TableRecord,
    TableSchema,
)

from ml_assets.dvc.events import StageBroke, StageFinished, StageLine, StageSkipped
from ml_assets.dvc.experiments.chart import chart_png, parallel_coordinates
from ml_assets.dvc.experiments.errors import ExperimentsFailed
from ml_assets.dvc.experiments.events import (
    ExperimentBroke,
    ExperimentEvent,
    ExperimentProgress,
    ExperimentSaid,
    ExperimentSaved,
)
from ml_assets.dvc.experiments.found import Experiment, kept_experiments
from ml_assets.dvc.experiments.launch import run_experiments
from ml_assets.dvc.experiments.plan import plan_experiments
from ml_assets.dvc.experiments.table import Group, experiment_groups
from ml_assets.dvc.experiments.values import Batch, ExperimentRequest
from ml_assets.dvc.project import DvcProject


@dataclass(frozen=True)
class ExperimentStep:
    """A batch in the step of `context`; `asset` gets the comparison, `track` each experiment that is kept."""

    context: OpExecutionContext
    project: DvcProject
    asset: AssetKey
    track: Callable[[Experiment], str] | None

    def run(self, request: ExperimentRequest) -> None:
        """Run the experiments, keep and show those that succeed.

        Raises:
            ExperimentsFailed: some did not, after the others were shown.
            DvcBridgeError: the request cannot be met.
        """
        batch = plan_experiments(self.project.root, request)
        self._tell(batch)
        failure: ExperimentsFailed | None = None
        try:
            # Closed also when a Terminate arrives in here: then all commands are stopped.
            with closing(run_experiments(self.project, batch)) as events:
                for event in events:
                    log(self.context, event)
        except ExperimentsFailed as error:
            failure = error
        if kept := kept_experiments(self.project.root, batch):
            self._show(batch, kept)
        if failure:
            raise failure

    def _tell(self, batch: Batch) -> None:
        for each in batch.experiments:
            self.context.log.info(f"{each.name}: {' '.join(each.texts) or 'no param changed'}")
        for path in (*batch.snapshot.lent, *batch.snapshot.left_out):
            self.context.log.warning(f"{path} is not tracked by Git, and not kept with the experiments.")

    def _show(self, batch: Batch, kept: Sequence[Experiment]) -> None:
        tracked = {each.name: self.track(each) if self.track else "" for each in kept}
        baseline = batch.snapshot.baseline
        (group,) = experiment_groups(self.project.root, baselines=[baseline], only=kept)
        metadata: dict[str, MetadataValue | int | str] = {
            "comparison": comparison(group, tracked),
            "baseline": baseline,
            "kept": len(kept),
            "failed": len(batch.experiments) - len(kept),
        }
        if (chart := parallel_coordinates(group)) is not None:
            picture = base64.b64encode(chart_png(chart)).decode()
            metadata["parallel_coordinates"] = MetadataValue.md(
                f"![parallel coordinates](data:image/png;base64,{picture})"
            )
        self.context.log_event(AssetMaterialization(self.asset, metadata=metadata))


def log(context: OpExecutionContext, event: ExperimentEvent) -> None:
    """Write an event into the step's log."""
    if isinstance(event, ExperimentProgress):
        _log_stage(context, event)
    elif isinstance(event, ExperimentSaid):
        context.log.warning(f"{event.name} | {event.text}")
    elif isinstance(event, ExperimentSaved):
        context.log.info(f"{event.name} is kept as {event.rev} ({event.seconds:.1f} s)")
    elif isinstance(event, ExperimentBroke):
        context.log.error(f"{event.name} failed: {event.reason}")


def _log_stage(context: OpExecutionContext, told: ExperimentProgress) -> None:
    event = told.event
    name = f"{told.name}/{event.stage}"
    if isinstance(event, StageLine):
        context.log.info(f"{name} | {event.text}")
    elif isinstance(event, StageFinished):
        context.log.info(f"{name}: {event.outcome.value} ({event.seconds:.1f} s)")
    elif isinstance(event, StageBroke):
        context.log.error(f"{name}: {event.error}")
    elif isinstance(event, StageSkipped):
        context.log.warning(f"{name} was not run, since {event.because} failed")


def comparison(group: Group, tracked: Mapping[str, str]) -> MetadataValue:
    """The baseline and its experiments, as Dagster's table: params that vary, metrics, `tracked`."""
    varied, metrics = group.varied(), group.metrics()
    linked = ("tracked",) if any(tracked.values()) else ()
    columns = ("experiment", *varied, *(name for name in metrics if name not in varied), *linked)
    records = [
        TableRecord(
            {
                **{name: _cell(row.params.get(name)) for name in varied},
                **{name: _cell(row.metrics.get(name)) for name in metrics},
                **{name: tracked.get(row.name, "") for name in linked},
                "experiment": row.name if row is not group.baseline else f"({row.name})",
            }
        )
        for row in (group.baseline, *group.experiments)
    ]
    return MetadataValue.table(records, schema=TableSchema([_column(name, records) for name in columns]))


def _cell(value: object) -> str | int | float | bool:
    return value if isinstance(value, str | int | float | bool) else "" if value is None else str(value)


def _column(name: str, records: Sequence[TableRecord]) -> TableColumn:
    kinds = {type(record.data[name]) for record in records} - {str}
    numbers = kinds and kinds <= {int, float}
    return TableColumn(name, "float" if numbers else "string")
