"""Keeps a push and a collection of garbage apart: what a record is about to name must not be deleted.

A collection appends its record, deletes for at most an hour, and leaves a mark when it is through. A push
waits for one that is under way; one that begins between a push and its record makes it push again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ml_assets.ledger.errors import LedgerError
from ml_assets.ledger.rare import find_rare
from ml_assets.ledger.record import GcRecord, Record
from ml_assets.ledger.store import Ledger

FOLDER = "collections"
LONGEST_SECONDS = 3600.0
POLL_SECONDS = 1.0


class Collected(LedgerError):
    """Garbage was collected between a push and its record, which may name what is gone: push again."""

    def __init__(self) -> None:
        super().__init__("Garbage was collected meanwhile; run it again, and what is missing is pushed.")


def finished(ledger: Ledger, record: GcRecord) -> None:
    """Mark that the collection of `record` deletes nothing any more."""
    ledger.place.create(_mark(record), b"")


def wait_for_collection(ledger: Ledger, *, cache: Path, tell: Callable[[str], None]) -> int:
    """Wait while garbage is being collected; the number of the newest record, 0 for none.

    `cache` as for `find_rare`. Raises what reading the ledger raises.
    """
    told = False
    while True:
        rare = find_rare(ledger, cache=cache)
        record = rare.get(ledger, "gc")
        if not isinstance(record, GcRecord) or not _is_running(ledger, record):
            return rare.head
        if not told:
            tell(f"waiting for the collection of garbage of record {record.number} to end")
            told = True
        time.sleep(POLL_SECONDS)


def refuse_collected(ledger: Ledger, head: Record | None, *, since: int) -> None:
    """Raises Collected when garbage was collected after record `since`."""
    numbers = range(since + 1, head.number + 1 if head else 0)
    if any(isinstance(ledger.get(number), GcRecord) for number in numbers):
        raise Collected


def _is_running(ledger: Ledger, record: GcRecord) -> bool:
    """One that was killed leaves no mark, and deletes nothing any more after its hour."""
    age = datetime.now(UTC) - record.time
    return age < timedelta(seconds=LONGEST_SECONDS) and ledger.place.read(_mark(record)) is None


def _mark(record: GcRecord) -> str:
    return f"{FOLDER}/{record.number:010}"
