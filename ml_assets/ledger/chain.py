"""Whether records are the ones that were appended: each names the digest of the one before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from ml_assets.ledger.errors import ChainBroken

if TYPE_CHECKING:
    from ml_assets.ledger.record import Record

OneKind = TypeVar("OneKind", bound="Record")


def verify(records: Iterable[OneKind]) -> OneKind | None:
    """The newest of `records`, which are all of a ledger, in order; None when there are none.

    Raises ChainBroken naming the record that is not what was appended. The newest record has nothing after it
    that would name its digest: compare what this returns with a copy that you keep elsewhere.
    """
    before: OneKind | None = None
    for record in records:
        _check_link(before, record)
        before = record
    return before


def _check_link(before: Record | None, record: Record) -> None:
    expected = 1 if before is None else before.number + 1
    if record.number != expected:
        raise ChainBroken(number=expected, cause=f"it is missing; the next one found is {record.number}")
    if before is None and record.previous is not None:
        raise ChainBroken(number=1, cause=f"the first record names a record before it ({record.previous})")
    if before is not None and record.previous != before.digest:
        # Of the two, the one before was changed far more likely than the name of its digest after it.
        cause = f"its digest is {before.digest}, and record {record.number} names {record.previous}"
        raise ChainBroken(number=before.number, cause=cause)


def check_numbers(numbers: Sequence[int], *, after: int) -> None:
    """Raises ChainBroken when the sorted `numbers` do not go on from `after` without a gap."""
    for expected, number in enumerate(numbers, start=after + 1):
        if number != expected:
            raise ChainBroken(number=expected, cause=f"it is missing; the next one found is {number}")
