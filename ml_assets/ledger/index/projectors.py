"""What the index keeps of each kind of record: an entry here is all that a new kind needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from sqlite3 import Connection
from typing import Any

from ml_assets.ledger.index.intakes import project_intake
from ml_assets.ledger.index.runs import project_run
from ml_assets.ledger.index.summary import summary_of
from ml_assets.ledger.record import AnyRecord

Projector = Callable[[Connection, Any], None]
"""Counts in one record of its kind, inside the transaction in which all before it are counted in already."""

PROJECTORS: Mapping[str, Projector] = {"intake": project_intake, "run": project_run}
"""Kinds that are not here are in `log` and take no part in lineage."""

KINDS = " ".join(sorted(PROJECTORS))
"""An index that was made with other projectors begins anew."""


def project(connection: Connection, record: AnyRecord) -> None:
    """Count in `record`."""
    git, run, parent = record.git, record.dagster, getattr(record, "parent", None)
    connection.execute(
        "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.number, record.kind, record.time.isoformat(), record.digest, parent,
            git.commit if git else None, int(bool(git and git.dirty_sha256)),
            run.run_id if run else None, record.actor, record.environment.digest,
            summary_of(record),
        ),
    )  # fmt: skip
    if record.kind in PROJECTORS:
        PROJECTORS[record.kind](connection, record)
