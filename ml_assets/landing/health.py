"""Whether what landed last is as it should be: its schema, how much of it was refused, how old it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ml_assets.landing.journal.states import COMMITTED
from ml_assets.landing.journal.tables import objects

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ml_assets.ledger.record import IntakeRecord, SchemaDrift

SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The answer to one question, in words, with the numbers that it is from."""

    passed: bool
    says: str
    facts: Mapping[str, float | str] = field(default_factory=dict)


NOTHING_YET = Finding(passed=True, says="nothing was taken in yet")


def schema_drift(last: IntakeRecord | None) -> Finding:
    """Passed when the last intake neither changed a schema nor met a file that has another one."""
    if last is None:
        return NOTHING_YET
    changed = [f"'{each.source}' has {drift_text(each)}" for each in last.drift]
    refused = [f"{each.key}: {each.reason}" for each in last.quarantined if each.cause == "columns"]
    moved = [
        f"{each.path}: unknown columns were taken out: {', '.join(each.unknown_columns)}"
        for each in last.landed
        if each.unknown_columns
    ]
    found = [*changed, *refused, *moved]
    says = _listed(found) if found else "all columns were as the schema in force says"
    facts: dict[str, float | str] = {"record": last.number}
    if last.schema_fingerprint:
        facts["schema_fingerprint"] = last.schema_fingerprint
    return Finding(passed=not found, says=f"record {last.number}: {says}", facts=facts)


def quarantine_ratio(last: IntakeRecord | None, *, most: float) -> Finding:
    """Passed when the last intake refused no larger share of its files, and of the rows of the others."""
    if last is None:
        return NOTHING_YET
    files = _share(len(last.quarantined), len(last.landed) + len(last.quarantined))
    rows = _share(
        sum(each.rejected_rows for each in last.landed), sum(each.rows or 0 for each in last.landed)
    )
    return Finding(
        passed=max(files, rows) <= most,
        says=f"record {last.number}: {files:.1%} of the files and {rows:.1%} of the rows of the others were "
        f"refused, where {most:.1%} are allowed",
        facts={"files_refused": files, "rows_refused": rows, "record": last.number},
    )


def feed_freshness(newest: datetime | None, *, hours: float, now: datetime) -> Finding:
    """Passed when the newest object that was taken in landed within the last `hours`."""
    if newest is None:
        return Finding(passed=False, says="nothing has landed yet")
    age = now - newest
    old = age / timedelta(hours=1)
    return Finding(
        passed=old <= hours,
        says=f"the newest object that was taken in landed {old:,.1f} hours ago, where {hours:g} are allowed",
        facts={"age_hours": old, "newest": newest.isoformat()},
    )


def newest_landed(connection: Connection) -> float | None:
    """When the newest object that is in raw landed, in seconds since 1970."""
    found: float | None = connection.scalar(
        select(func.max(objects.c.landed)).where(objects.c.state == COMMITTED)
    )
    return found


def drift_text(drift: SchemaDrift) -> str:
    kinds = (("new", drift.new), ("missing", drift.missing), ("retyped", drift.retyped))
    return ", ".join(f"{what} {', '.join(columns)}" for what, columns in kinds if columns)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _listed(found: list[str]) -> str:
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(found[:SHOWN]) + more
