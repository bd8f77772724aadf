"""Which run record is to be tracked: that of the Dagster run at hand, or else the newest complete one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from ml_assets.ledger.newest import backwards
from ml_assets.ledger.record import IntakeRecord, RunRecord
from ml_assets.ledger.store import Ledger
from ml_assets.models.errors import NoRunRecord


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A run record and the intakes since the one before; `own` says that this Dagster run made it."""

    record: RunRecord
    intakes: tuple[IntakeRecord, ...]
    own: bool

    @property
    def partial(self) -> bool:
        """Whether stages outside of that run were out of date, so that its metrics fit no single state."""
        return bool(self.record.stale)


def choose_record(ledger: Ledger, *, dagster_runs: Collection[str], since: datetime) -> Chosen:
    """The record that one of `dagster_runs`, begun at `since`, appended; else the newest complete one.

    Raises NoRunRecord when there is neither.
    """
    own = _own(ledger, dagster_runs, since)
    record = own or next((found for found in _runs(ledger) if not found.stale), None)
    if record is None:
        raise NoRunRecord(ledger=ledger.url)
    return Chosen(record=record, intakes=_intakes_before(ledger, record), own=own is not None)


def _own(ledger: Ledger, dagster_runs: Collection[str], since: datetime) -> RunRecord | None:
    for record in _runs(ledger):
        if record.dagster and record.dagster.run_id in dagster_runs:
            return record
        if record.time < since:
            return None
    return None


def _runs(ledger: Ledger) -> Iterator[RunRecord]:
    return (record for record in backwards(ledger) if isinstance(record, RunRecord))


def _intakes_before(ledger: Ledger, record: RunRecord) -> tuple[IntakeRecord, ...]:
    found: list[IntakeRecord] = []
    for number in range(record.number - 1, 0, -1):
        before = ledger.get(number)
        if isinstance(before, RunRecord):
            break
        if isinstance(before, IntakeRecord):
            found.append(before)
    return tuple(reversed(found))
