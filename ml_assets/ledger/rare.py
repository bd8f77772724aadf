"""The newest records of kinds that come seldom, without reading back through all the others each time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.files import read_cached, write_cached
from ml_assets.ledger.record import AnyRecord
from ml_assets.ledger.store import Ledger

RARE = ("pin", "gc")


@dataclass(frozen=True)
class Rare:
    """Number of the newest record (0: none), and kind → number of the newest record of it."""

    head: int
    newest: dict[str, int]

    def get(self, ledger: Ledger, kind: str) -> AnyRecord | None:
        return ledger.get(self.newest[kind]) if kind in self.newest else None


def find_rare(ledger: Ledger, *, cache: Path) -> Rare:
    """What the ledger says now; `cache` is a file of ours, by which each record is looked at once.

    Raises what reading the ledger raises.
    """
    head = ledger.head()
    if head is None:
        return Rare(0, {})
    known = read_cached(cache) or {}
    up_to = int(known.get("up_to", 0)) if known.get("ledger") == ledger.url else 0
    if up_to > head.number or (up_to and _digest(ledger, up_to, head) != known["digest"]):
        # The ledger was replaced by another one.
        up_to = 0
    newest: dict[str, int] = dict(known["newest"]) if up_to else {}
    if up_to == head.number:
        return Rare(head.number, newest)
    for record in ledger.records(after=up_to):
        head = record
        if record.kind in RARE:
            newest[record.kind] = record.number
    state = {"ledger": ledger.url, "up_to": head.number, "digest": head.digest, "newest": newest}
    write_cached(cache, state)
    return Rare(head.number, newest)


def _digest(ledger: Ledger, number: int, head: AnyRecord) -> str:
    return head.digest if number == head.number else ledger.get(number).digest
