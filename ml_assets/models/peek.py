"""Whether the embedded store has a record's run already, read in milliseconds and without MLflow.

MLflow needs two seconds to say so (its imports, then its migrations), on each run in which nothing changed.
The tables read here are those of MLflow's first migration; a test compares both answers.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from ml_assets.models.projection import COMPLETE, RECORD_TAG, STATE_TAG

_QUERY = """
SELECT runs.run_uuid, runs.experiment_id
FROM runs
JOIN experiments ON experiments.experiment_id = runs.experiment_id
JOIN tags record ON record.run_uuid = runs.run_uuid AND record.key = ? AND record.value = ?
JOIN tags state ON state.run_uuid = runs.run_uuid AND state.key = ? AND state.value = ?
WHERE runs.lifecycle_stage = 'active' AND runs.status = 'FINISHED'
  AND experiments.lifecycle_stage = 'active' AND experiments.name = ?
"""


@dataclass(frozen=True, kw_only=True)
class RunPlace:
    """A run of a store."""

    run_id: str
    experiment_id: str


def peek(database: Path, *, experiment: str, digest: str, tag: str = RECORD_TAG) -> RunPlace | None:
    """The one complete MLflow run whose tag `tag` is that digest; None when MLflow itself must look.

    None also where the file is missing, is being made, or has other tables than we know.
    """
    if not database.exists():
        return None
    try:
        connection = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True, timeout=2)
    except sqlite3.Error:
        return None
    try:
        rows = connection.execute(_QUERY, (tag, digest, STATE_TAG, COMPLETE, experiment)).fetchall()
    except sqlite3.Error:
        return None
    finally:
        connection.close()
    return RunPlace(run_id=rows[0][0], experiment_id=str(rows[0][1])) if len(rows) == 1 else None
