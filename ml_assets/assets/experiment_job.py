"""The job `experiment`: experiments from the launchpad, compared in the metadata of an asset."""

# No `from __future__ import annotations`: Dagster looks at the annotations of the op's function.
from collections.abc import Callable
from typing import TYPE_CHECKING

from dagster import (
    AssetKey,
    Config,
    Failure,
    JobDefinition,
    OpExecutionContext,
    job,
    op,
)
from pydantic import Field

from ml_assets.dvc.errors import DvcBridgeError
from ml_assets.dvc.project import DvcProject

# What a run needs is imported in it, since a code location loads this module and tries nothing out.
if TYPE_CHECKING:
    from ml_assets.dvc.experiments.found import Experiment
    from ml_assets.dvc.experiments.values import ExperimentRequest

JOB = "experiment"
ASSET = "experiments"

Track = Callable[["Experiment"], str]
"""Tells a tracking server of an experiment; what it returns is shown beside it (a link, an id)."""


class ExperimentConfig(Config):
    """What to try. From the command line: `dagster job execute -j experiment -c FILE`."""

    overrides: list[str] = Field(
        default=[],
        description="Params to change, as `dvc exp run -S` takes them: `[file:]key=value`. Several values "
        "(`key=1,2,3`, `key=choice(a,b)`, `key=range(1,9,2)`) make a sweep, several sweeps the product.",
    )
    name: str | None = Field(
        default=None, description="Of the experiment; those of a sweep get -1, -2, … after it."
    )
    jobs: int = Field(default=1, ge=1, description="Experiments at once.")
    targets: list[str] = Field(default=[], description="Stages to bring up to date; all if none is named.")
    message: str | None = Field(default=None, description="Of the experiments' commits.")


def build_experiment_job(
    *, project: DvcProject, track: Track | None = None, of: str | None = None
) -> JobDefinition:
    """The job `experiment` of a project; what came out is shown as metadata of the asset `experiments`.

    `track` is called with each experiment that is kept. `of` tells the projects of one code location apart:
    then they are `experiment_<of>` and `<of>/experiments`. The asset is one of events alone, in no graph:
    "materialize all" must try nothing out.
    """
    name, asset = (JOB, AssetKey(ASSET)) if of is None else (f"{JOB}_{of}", AssetKey([of, ASSET]))

    @op(name=f"run_{name}")
    def run(context: OpExecutionContext, config: ExperimentConfig) -> None:
        """Run experiments in clones, and keep those that succeed as ordinary DVC experiments."""
        from ml_assets.assets.experiment_step import ExperimentStep

        step = ExperimentStep(context=context, project=project, asset=asset, track=track)
        try:
            step.run(_request(config))
        except DvcBridgeError as error:
            raise Failure(str(error)) from error

    @job(name=name, description="Try other params beside the workspace, which stays as it is.")
    def experiment() -> None:
        run()

    return experiment


def _request(config: ExperimentConfig) -> "ExperimentRequest":
    from ml_assets.dvc.experiments.values import ExperimentRequest

    return ExperimentRequest(
        overrides=tuple(config.overrides),
        targets=tuple(config.targets),
        name=config.name,
        message=config.message,
        jobs=config.jobs,
    )
