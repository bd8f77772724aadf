"""The asset `mlflow_run`: after the stages, one MLflow run for each record of them."""

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DataVersion,
    Failure,
    MaterializeResult,
    MetadataValue,
    asset,
    build_resources,
)

from ml_assets.assets.keys import META_KEY_RECORD, META_KEY_RECORD_DIGEST
from ml_assets.dvc.errors import DvcBridgeError
from ml_assets.dvc.lockfile import read_lock
from ml_assets.dvc.manifest import overlaps
from ml_assets.dvc.project import DvcProject
from ml_assets.ledger.errors import LedgerError
from ml_assets.ledger.store import Ledger
from ml_assets.models.errors import TrackingError

# What a run needs is imported in it, since a code location loads this module and tracks nothing.
if TYPE_CHECKING:
    from ml_assets.dvc.experiments.found import Experiment
    from ml_assets.ledger.record import RunRecord
    from ml_assets.models.choice import Chosen
    from ml_assets.models.recorder import Recorder, Recording
    from ml_assets.models.store import TrackingStore
    from ml_assets.models.tracking import TrackedRun
    from ml_assets.models.writing import Attachments
    from ml_assets.settings import Settings

DAGSTER_UI_URL_VARIABLE = "DAGSTER_UI_URL"
META_KEY_RUN = "mlflow/run_id"
META_KEY_OUTCOME = "mlflow/outcome"
META_KEY_URI = "mlflow/tracking_uri"
META_KEY_URL = "mlflow/url"
# A record's host may have another clock than the one that runs Dagster.
CLOCKS_APART = timedelta(hours=1)


def build_mlflow_run_asset(
    *,
    settings: "Settings",
    ledger: Ledger,
    deps: Sequence[AssetKey],
    key: str = "mlflow_run",
    group_name: str | None = None,
    dagster_url: str | None = None,
) -> AssetsDefinition:
    """The asset that tracks each complete run record in MLflow; its data version is the record's digest.

    `deps` are the stages' last assets. `dagster_url` is where people see Dagster (DAGSTER_UI_URL wins);
    without it the MLflow run names the Dagster run by its id alone.
    """

    # Not required: a partial run has nothing to track, and its step still succeeds.
    @asset(name=key, deps=list(deps), kinds={"mlflow"}, group_name=group_name, output_required=False)
    def mlflow_run(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
        """One MLflow run for each complete run of the stages, made from its record in the ledger."""
        try:
            chosen = _choose(context, ledger)
            if chosen.partial:
                _say_partial(context, chosen.record)
                return
            yield _result(chosen.record, _track(context, settings, chosen, dagster_url))
        except (TrackingError, LedgerError, DvcBridgeError) as error:
            raise Failure(str(error)) from error

    return mlflow_run


def _choose(context: AssetExecutionContext, ledger: Ledger) -> "Chosen":
    from ml_assets.models.choice import choose_record

    run = context.run
    # A retry goes on from its parent, whose stages may have ended with the record.
    runs = {run.run_id, run.root_run_id, run.parent_run_id} - {None}
    stored = context.instance.get_run_record_by_id(run.run_id)
    begun = stored.create_timestamp.astimezone(UTC) if stored else datetime.now(UTC)
    return choose_record(ledger, dagster_runs=cast("set[str]", runs), since=begun - CLOCKS_APART)


def _say_partial(context: AssetExecutionContext, record: "RunRecord") -> None:
    context.log.warning(
        f"No MLflow run is made of record {record.number}: it is of a part of the stages, and others are out "
        f"of date ({', '.join(record.stale)}). Materialize these too, and the run is tracked."
    )


def _track(
    context: AssetExecutionContext, settings: "Settings", chosen: "Chosen", dagster_url: str | None
) -> "TrackedRun":
    from ml_assets.models.tracking import track

    record, root = chosen.record, settings.root
    base = os.environ.get(DAGSTER_UI_URL_VARIABLE) or dagster_url
    page = f"{base.rstrip('/')}/runs/{record.dagster.run_id}" if base and record.dagster else None
    with tempfile.TemporaryDirectory(prefix="ml_assets-") as folder:
        return track(
            record,
            root=root,
            settings=settings.mlflow,
            intakes=chosen.intakes,
            dagster_url=page,
            attachments=lambda: _attachments(DvcProject(root), record, Path(folder)),
            recording=resource_recording(context),
        )


def _attachments(project: DvcProject, record: "RunRecord", folder: Path) -> "Attachments":
    from ml_assets.models.writing import Attachments

    shown = project.manifest().plots
    plots = [out.path for out in record.outputs if any(overlaps(plot, out.path) for plot in shown)]
    return Attachments(plots=plots, pictures=list(_pictures(project, record, folder)))


def _pictures(project: DvcProject, record: "RunRecord", folder: Path) -> Iterator[Path]:
    from ml_assets.dvc.plots import stage_pictures

    lock = project.root / "dvc.lock"
    # DVC draws what is in the workspace: only while that is the record's.
    if not lock.exists() or lock.read_text(encoding="utf-8") != record.dvc_lock:
        return
    locked = read_lock(record.dvc_lock, path=lock)
    for stage in project.manifest().stages:
        for picture in stage_pictures(project, stage, locked[stage.name]) if stage.name in locked else ():
            file = folder / f"{Path(picture.name).stem}.png"
            file.write_bytes(picture.png)
            yield file


def experiment_tracker(settings: "Settings") -> "Callable[[Experiment], str]":
    """Makes the MLflow run of an experiment, and says where it is; or why there is none."""

    def track(experiment: "Experiment") -> str:
        from ml_assets.models.errors import ExperimentPartial
        from ml_assets.models.experiment import track_experiment

        try:
            tracked = track_experiment(experiment, root=settings.root, settings=settings.mlflow)
        except ExperimentPartial as error:
            return str(error)
        except TrackingError as error:
            raise Failure(str(error)) from error
        return tracked.url or tracked.run_id

    return track


def resource_recording(context: AssetExecutionContext) -> "Recording":
    """Makes a run active by dagster-mlflow's resource, which lives from the run's start to its end.

    We give it the run's id, so that it opens no second one when a step is tried again; we end the run by
    ourselves, since the resource leaves that to MLflow's exit hook, which calls a failed run FINISHED.
    """

    @contextmanager
    def recording(store: "TrackingStore", run_id: str) -> Iterator["Recorder"]:
        import mlflow

        with _resource(context, store, run_id) as resource:
            active = mlflow.active_run()
            # With another run active, the resource only logs that and goes on with the wrong one.
            if active is None or active.info.run_id != run_id:
                raise Failure(f"MLflow run {run_id} is not the active one in this process: {active}")
            try:
                yield resource
            except BaseException:
                mlflow.end_run("FAILED")
                raise
            mlflow.end_run("FINISHED")

    return recording


@contextmanager
def _resource(context: AssetExecutionContext, store: "TrackingStore", run_id: str) -> Iterator["Recorder"]:
    with warnings.catch_warnings():
        # It is beta, which everybody who materializes would be told each time.
        warnings.simplefilter("ignore")
        from dagster_mlflow import mlflow_tracking

        config = {
            "experiment_name": store.experiment,
            "mlflow_tracking_uri": store.uri,
            "mlflow_run_id": run_id,
        }
        with build_resources(
            {"mlflow": mlflow_tracking},
            instance=context.instance,
            dagster_run=context.run,
            log_manager=context.log,
            resource_config={"mlflow": {"config": config}},
        ) as resources:
            yield cast("Any", resources).mlflow


def _result(record: "RunRecord", tracked: "TrackedRun") -> MaterializeResult[None]:
    metadata: dict[str, Any] = {
        META_KEY_RUN: tracked.run_id,
        META_KEY_OUTCOME: tracked.outcome.value,
        META_KEY_URI: tracked.tracking_uri,
        META_KEY_RECORD: record.number,
        META_KEY_RECORD_DIGEST: record.digest,
        **{f"metrics/{name}": value for name, value in tracked.metrics.items() if isfinite(value)},
    }
    if tracked.url:
        metadata[META_KEY_URL] = MetadataValue.url(tracked.url)
    return MaterializeResult(data_version=DataVersion(record.digest), metadata=metadata)
