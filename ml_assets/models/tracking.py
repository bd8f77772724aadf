"""Makes the MLflow run of a run of stages: exactly one, and the same one however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ml_assets.ledger.record import IntakeRecord, RunDraft, RunRecord
from ml_assets.models.links import public_uri, run_url
from ml_assets.models.outputs import OutputFiles, recorded_outputs
from ml_assets.models.peek import RunPlace, peek
from ml_assets.models.projection import Projection, find_model, project
from ml_assets.models.recorder import Recording, active_run
from ml_assets.models.run import adopt_or_create, is_complete
from ml_assets.models.settings import MlflowSettings, sqlite_path
from ml_assets.models.store import open_store
from ml_assets.models.writing import Attachments, RunWriter


class Outcome(StrEnum):
    """What `track` had to do."""

    MADE = "made"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """The MLflow run of a run of stages; `tracking_uri` and `url` are free of secrets."""

    run_id: str
    experiment_id: str
    tracking_uri: str
    url: str | None
    outcome: Outcome
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Material:
    """What is written beside a projection: `documents` are bytes by artifact path, `outputs` opens the run's.

    `attachments` is called only when there is something to write.
    """

    run: RunDraft
    documents: Mapping[str, bytes]
    outputs: OutputFiles
    attachments: Callable[[], Attachments] = Attachments


def track(
    record: RunRecord,
    *,
    root: Path,
    settings: MlflowSettings,
    intakes: Sequence[IntakeRecord] = (),
    dagster_url: str | None = None,
    outputs: OutputFiles | None = None,
    attachments: Callable[[], Attachments] = Attachments,
    recording: Recording = active_run,
) -> TrackedRun:
    """The record's MLflow run, made, completed or only found.

    `intakes` are the intake records since the run record before; `outputs` opens the record's outputs, by
    default out of the workspace or DVC's cache; `attachments` is called only when there is something to
    write. See `write_once` for the rest.
    """
    model = find_model(record, configured=settings.model)
    projection = project(record, intakes=intakes, model=model, dagster_url=dagster_url)
    with recorded_outputs(record, root=root) as recorded:
        material = Material(
            run=record,
            documents={"ledger/record.json": record.canonical(), "ledger/dvc.lock": record.dvc_lock.encode()},
            outputs=outputs or recorded,
            attachments=attachments,
        )
        return write_once(projection, material, root=root, settings=settings, recording=recording)


def write_once(
    projection: Projection,
    material: Material,
    *,
    root: Path,
    settings: MlflowSettings,
    recording: Recording = active_run,
) -> TrackedRun:
    """The one MLflow run of `projection`, made, completed or only found.

    A run left half-made by a killed process or a failure is gone on with; one that fails here ends as
    FAILED. Raises TrackingFailed, ExperimentDeleted, OutputGone, OutputUnknown and ModelUnreadable.
    """
    if found := _complete(projection, root=root, settings=settings):
        return _tracked(found, root=root, settings=settings, projection=projection, outcome=Outcome.UNCHANGED)
    with open_store(settings, root) as store:
        run = adopt_or_create(store, projection)
        outcome = Outcome.UNCHANGED if is_complete(run) else Outcome.MADE
        place = RunPlace(run_id=run.info.run_id, experiment_id=store.experiment_id)
        if outcome is Outcome.MADE:
            RunWriter(
                store=store,
                run_id=place.run_id,
                run=material.run,
                documents=material.documents,
                projection=projection,
                outputs=material.outputs,
                attachments=material.attachments(),
            ).write(recording)
    return _tracked(place, root=root, settings=settings, projection=projection, outcome=outcome)


def _complete(projection: Projection, *, root: Path, settings: MlflowSettings) -> RunPlace | None:
    """The complete run, where the embedded store shows it without MLflow being loaded."""
    database = sqlite_path(settings.resolved_uri(root))
    if database is None:
        return None
    return peek(database, experiment=settings.experiment, digest=projection.digest, tag=projection.tag)


def _tracked(
    place: RunPlace, *, root: Path, settings: MlflowSettings, projection: Projection, outcome: Outcome
) -> TrackedRun:
    uri = settings.resolved_uri(root)
    page = run_url(ui=settings.resolved_ui(), uri=uri, experiment_id=place.experiment_id, run_id=place.run_id)
    return TrackedRun(
        run_id=place.run_id,
        experiment_id=place.experiment_id,
        tracking_uri=public_uri(uri),
        url=page,
        outcome=outcome,
        metrics=projection.metrics,
    )
