"""Production's pin: the commit whose code, graph and params runs use, as the newest record of it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ml_assets.ledger.errors import NothingPinned
from ml_assets.ledger.rare import find_rare
from ml_assets.ledger.record import Origin, PinDraft, PinRecord, Record
from ml_assets.ledger.store import Ledger


def pinned_commit(ledger: Ledger, *, cache: Path) -> str:
    """The commit that is pinned; `cache` is a file of ours, so that each record is looked at once.

    Raises:
        NothingPinned, and what reading the ledger raises.
    """
    if (commit := find_pin(ledger, cache=cache)) is None:
        raise NothingPinned(ledger=ledger.url)
    return commit


def find_pin(ledger: Ledger, *, cache: Path) -> str | None:
    """As `pinned_commit`; None where nothing was pinned yet."""
    record = find_rare(ledger, cache=cache).get(ledger, "pin")
    return record.commit if isinstance(record, PinRecord) else None


def move_pin(
    ledger: Ledger, commit: str, *, cache: Path, origin: Callable[[], Origin], note: str | None = None
) -> PinRecord | None:
    """Append the record of a pin at `commit`; None where it is there already. Raises as `append`."""

    def draft(_: Record | None) -> PinDraft | None:
        before = find_pin(ledger, cache=cache)
        if before == commit:
            return None
        return PinDraft(**dict(origin()), commit=commit, before=before, note=note)

    record = ledger.append(draft)
    return record if isinstance(record, PinRecord) else None
