"""What a run becomes in MLflow: a pure function from the one to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ml_assets.ledger.canonical import sha256_hex
from ml_assets.ledger.record import IntakeRecord, RunDraft, RunRecord
from ml_assets.models.flat import flat_metrics, flat_params
from ml_assets.models.inputs import DataInput, data_inputs

RECORD_TAG = "ml_assets.record"
"""Holds the record's digest: by it the one MLflow run of a record is found again."""
STATE_TAG = "ml_assets.state"
"""`complete` once everything is there; written after all else."""
COMPLETE = "complete"
STARTED = "started"


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Everything of an MLflow run that follows from the record alone; files come beside it.

    The MLflow run is found again by `digest`, which its tag named `tag` holds.
    """

    tag: str = RECORD_TAG
    digest: str
    name: str
    time: datetime
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    inputs: tuple[DataInput, ...]
    model: str | None

    @property
    def milliseconds(self) -> int:
        """The record's time as MLflow counts it: always the same, so that repeating adds no point."""
        return int(self.time.timestamp() * 1000)


def project(
    record: RunRecord, *, intakes: Sequence[IntakeRecord], model: str | None, dagster_url: str | None
) -> Projection:
    """The MLflow run of `record`.

    `intakes` are the intake records between the run record before and this one; `model` is the path of the
    output that holds the model; `dagster_url` is the page of the Dagster run.
    """
    return Projection(
        digest=record.digest,
        name=f"record {record.number}",
        time=record.time,
        params=flat_params(record.params),
        metrics=flat_metrics(record.metrics),
        tags=_tags(record, intakes, dagster_url),
        inputs=data_inputs(record, model=model),
        model=model,
    )


def find_model(run: RunDraft, *, configured: str | None) -> str | None:
    """The path of the run's model: the configured one, else its only .joblib output, else none."""
    if configured is not None:
        return configured
    found = [out.path for out in run.outputs if out.path.endswith(".joblib")]
    return found[0] if len(found) == 1 else None


def _tags(record: RunRecord, intakes: Sequence[IntakeRecord], dagster_url: str | None) -> dict[str, str]:
    tags: dict[str, str | None] = {
        RECORD_TAG: record.digest,
        "ml_assets.record_number": str(record.number),
        "ml_assets.landed": str(sum(len(intake.landed) for intake in intakes)),
        "ml_assets.environment": record.environment.digest,
        "dvc.lock_sha256": sha256_hex(record.dvc_lock.encode()),
        "dagster.run_id": record.dagster.run_id if record.dagster else None,
        "dagster.job": record.dagster.job if record.dagster else None,
        "dagster.url": dagster_url if record.dagster else None,
        "git.dirty_sha256": record.git.dirty_sha256 if record.git else None,
        # MLflow's own names, which its pages show.
        "mlflow.user": record.actor,
        "mlflow.source.git.commit": record.git.commit if record.git else None,
    }
    return {name: value for name, value in tags.items() if value is not None}
