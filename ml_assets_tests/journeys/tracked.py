"""The MLflow runs of a demo, read from their database: what is there, whatever our own code would say."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from ml_assets.models.projection import RECORD_TAG

_QUERY = "SELECT status, value FROM runs LEFT JOIN tags ON tags.run_uuid = runs.run_uuid AND key = ?"


@dataclass(frozen=True, order=True)
class MlflowRun:
    """`record` is the digest of the record that it says it is of."""

    status: str
    record: str | None


def mlflow_runs(project: Path) -> list[MlflowRun]:
    """Every run of the store, sorted."""
    database = project / ".ml_assets" / "mlflow.db"
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as store:
        return sorted(MlflowRun(*row) for row in store.execute(_QUERY, (RECORD_TAG,)))
