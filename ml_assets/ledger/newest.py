"""The newest record of a kind, read backwards from the head."""

from __future__ import annotations

from collections.abc import Iterator

from ml_assets.ledger.record import AnyRecord, IntakeRecord, RunRecord
from ml_assets.ledger.store import Ledger


def backwards(ledger: Ledger) -> Iterator[AnyRecord]:
    """The records from the newest to the first, each read only when asked for."""
    record = ledger.head()
    while record is not None:
        yield record
        record = ledger.get(record.number - 1) if record.number > 1 else None


def newest_run(ledger: Ledger) -> RunRecord | None:
    """The newest record of stages that ran."""
    return next((record for record in backwards(ledger) if isinstance(record, RunRecord)), None)


def newest_intake(ledger: Ledger) -> IntakeRecord | None:
    """The newest intake, also one that only refused objects."""
    return next((record for record in backwards(ledger) if isinstance(record, IntakeRecord)), None)


def newest_landing(ledger: Ledger) -> IntakeRecord | None:
    """The newest intake by which something landed; one that only refused objects changes no data."""
    return next(
        (record for record in backwards(ledger) if isinstance(record, IntakeRecord) and record.landed), None
    )
