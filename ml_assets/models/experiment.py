"""What a DVC experiment becomes in MLflow: a function of its commit, the same however often it is made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ml_assets.dvc.clone import clone
from ml_assets.dvc.experiments.found import Experiment
from ml_assets.dvc.git import git
from ml_assets.dvc.manifest import overlaps
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.scratch import scratch_folder
from ml_assets.dvc.snapshot import snapshot_of_commit
from ml_assets.ledger.canonical import sha256_hex
from ml_assets.ledger.record import RunDraft
from ml_assets.ledger.run_record import draft_run
from ml_assets.models.errors import ExperimentPartial
from ml_assets.models.flat import flat_metrics, flat_params
from ml_assets.models.inputs import data_inputs
from ml_assets.models.outputs import run_outputs
from ml_assets.models.projection import Projection, find_model
from ml_assets.models.recorder import Recording, active_run
from ml_assets.models.settings import MlflowSettings
from ml_assets.models.tracking import Material, TrackedRun, write_once
from ml_assets.models.writing import Attachments

EXPERIMENT_TAG = "ml_assets.experiment"
"""Holds the experiment's commit: by it the one MLflow run of an experiment is found again."""


def track_experiment(
    experiment: Experiment, *, root: Path, settings: MlflowSettings, recording: Recording = active_run
) -> TrackedRun:
    """The MLflow run of an experiment of the project at `root`, made, completed or only found.

    Params, metrics and hashes are those of its commit, outputs come out of DVC's cache.

    Raises:
        ExperimentPartial: it is of some stages only, and its metrics fit no single state.
        TrackingFailed, ExperimentDeleted, OutputGone, OutputUnknown, ModelUnreadable: see `write_once`.
        GitFailed, ManifestFailed.
    """
    with _checked_out(DvcProject(root), experiment) as project:
        run = _draft(project, experiment)
        plots = [
            out.path
            for out in run.outputs
            if any(overlaps(plot, out.path) for plot in project.manifest().plots)
        ]
    model = find_model(run, configured=settings.model)
    named = {"name": f"Experiment {experiment.name}", "look": "ml-assets exp show"}
    with run_outputs(run, root=root, **named) as outputs:
        material = Material(
            run=run,
            documents={"experiment/dvc.lock": run.dvc_lock.encode()},
            outputs=outputs,
            attachments=lambda: Attachments(plots=plots),
        )
        projection = project_experiment(experiment, run, model=model)
        return write_once(projection, material, root=root, settings=settings, recording=recording)


def project_experiment(experiment: Experiment, run: RunDraft, *, model: str | None) -> Projection:
    """The MLflow run of an experiment, of which `run` says the state; `model` is its model's path."""
    return Projection(
        tag=EXPERIMENT_TAG,
        digest=experiment.rev,
        name=experiment.name,
        time=run.time,
        params=flat_params(run.params),
        metrics=flat_metrics(run.metrics),
        tags={
            EXPERIMENT_TAG: experiment.rev,
            "ml_assets.experiment_name": experiment.name,
            "ml_assets.baseline": experiment.baseline,
            "dvc.lock_sha256": sha256_hex(run.dvc_lock.encode()),
            # MLflow's own names, which its pages show.
            "mlflow.user": run.actor,
            "mlflow.source.git.commit": experiment.rev,
        },
        inputs=data_inputs(run, model=model),
        model=model,
    )


@contextmanager
def _checked_out(project: DvcProject, experiment: Experiment) -> Iterator[DvcProject]:
    """The project in a clone at the experiment's commit, with its metrics."""
    from ml_assets.dvc._internals.repo import open_repo
    from ml_assets.dvc.resolve import resolve

    snapshot = snapshot_of_commit(project.root, experiment.rev)
    with (
        scratch_folder(project.private_dir / "experiments") as folder,
        clone(snapshot, into=folder / "clone") as root,
    ):
        found = DvcProject(root, resolve(root))
        stages = found.manifest().stages
        metrics = [out.path for stage in stages for out in stage.outs if out.metric and out.cache]
        if metrics:
            with open_repo(root) as repo:
                repo.checkout(targets=metrics, force=True, allow_missing=True)
        yield found


def _draft(project: DvcProject, experiment: Experiment) -> RunDraft:
    """The state in the clone, as a run of stages that its author made when it was committed."""
    from ml_assets.dvc._internals.experiments import with_changed_params
    from ml_assets.dvc._internals.repo import open_repo

    run = draft_run(project, stages={}, newest=None)
    with open_repo(project.root) as repo:
        stale = {*run.stale, *with_changed_params(repo)}
    if stale:
        raise ExperimentPartial(name=experiment.name, stale=sorted(stale))
    author, seconds = git(project.root, "log", "-1", "--format=%an%n%ct", experiment.rev).splitlines()
    return run.model_copy(update={"actor": author, "time": datetime.fromtimestamp(int(seconds), UTC)})
