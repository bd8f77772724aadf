"""Which generation of each landed object the ledger already holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ml_assets.ledger.chain import check_numbers
from ml_assets.ledger.record import IntakeRecord, Landed, Quarantined, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Generation:
    """One content of one key, and the number of the record that took it in or refused it."""

    etag: str
    size: int
    record: int
    quarantined: bool


@dataclass(kw_only=True)
class KnownGenerations:
    """The current generation of each (bucket, key); feed it with every record, in order, by `advance`.

    An object is compared with the *current* generation of its key and not with all that ever were, so that
    content A, then B, then A again is seen as three landings.
    """

    up_to: int = 0
    """Number of the newest record that is counted in."""
    _current: dict[tuple[str, str], Generation] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[Record]) -> KnownGenerations:
        known = cls()
        for record in records:
            known.advance(record)
        return known

    def advance(self, record: Record) -> None:
        """Count in the next record, of any kind. Raises ChainBroken when one was left out."""
        check_numbers([record.number], after=self.up_to)
        if isinstance(record, IntakeRecord):
            seen: tuple[Landed | Quarantined, ...] = (*record.landed, *record.quarantined)
            for item in seen:
                self._current[item.bucket, item.key] = _generation(item, record.number)
        self.up_to = record.number

    def generation(self, bucket: str, key: str) -> Generation | None:
        """What the ledger holds of that key now."""
        return self._current.get((bucket, key))

    def is_known(self, bucket: str, key: str, etag: str, size: int) -> bool:
        """Whether exactly this content is what the ledger holds of that key now."""
        current = self._current.get((bucket, key))
        return current is not None and (current.etag, current.size) == (etag, size)

    def __len__(self) -> int:
        return len(self._current)


def _generation(item: Landed | Quarantined, number: int) -> Generation:
    return Generation(
        etag=item.etag, size=item.size, record=number, quarantined=isinstance(item, Quarantined)
    )
