"""Production's pin: the commit whose code, graph and params runs use, as the newest record of it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ml_assets.dvc.files import read_cached, write_cached
from ml_assets.ledger.errors import NothingPinned
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
    known = read_cached(cache) or {}
    head = ledger.head()
    if head is None:
        return None
    up_to = known.get("up_to", 0) if known.get("ledger") == ledger.url else 0
    if up_to > head.number or (up_to and ledger.get(up_to).digest != known["digest"]):
        up_to = 0
    commit = known.get("commit") if up_to else None
    if up_to == head.number:
        return commit
    for record in ledger.records(after=up_to):
        head = record
        commit = record.commit if isinstance(record, PinRecord) else commit
    state = {"ledger": ledger.url, "up_to": head.number, "digest": head.digest, "commit": commit}
    write_cached(cache, state)
    return commit


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
