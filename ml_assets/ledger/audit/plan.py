"""What may be collected as garbage: values in, values out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ml_assets.ledger.errors import KeepUnknown
from ml_assets.ledger.record import AnyRecord, IntakeRecord, RunRecord

_KEEP = re.compile(r"(?P<how>last|days)=(?P<count>\d+)|all")


class OnRemote(Protocol):
    """An object on the remote."""

    @property
    def size(self) -> int: ...

    @property
    def modified(self) -> float | None: ...


@dataclass(frozen=True)
class Keep:
    """`last=N`: the newest N run records; `days=D`: the records of D days; `all`: every record."""

    text: str
    last: int | None = None
    days: int | None = None

    @classmethod
    def parse(cls, text: str) -> Keep:
        """Raises KeepUnknown."""
        if (found := _KEEP.fullmatch(text)) is None:
            raise KeepUnknown(text=text)
        count = int(found["count"] or 0)
        return cls(
            text,
            last=count if found["how"] == "last" else None,
            days=count if found["how"] == "days" else None,
        )


def kept_records(records: Sequence[AnyRecord], keep: Iterable[Keep], *, now: datetime) -> set[int]:
    """Numbers of the records that one of `keep` keeps, with the newest run and the newest intake in any case.

    A run needs the data that its own record names, and an intake nothing else.
    """
    runs = [record.number for record in records if isinstance(record, RunRecord)]
    intakes = [record.number for record in records if isinstance(record, IntakeRecord) and record.dvc_files]
    kept = {*runs[-1:], *intakes[-1:]}
    for each in keep:
        if each.last is not None:
            kept.update(runs[-each.last :] if each.last else ())
        elif each.days is not None:
            since = now - timedelta(days=each.days)
            kept.update(record.number for record in records if record.time >= since)
        else:
            kept.update(record.number for record in records)
    return kept


@dataclass(frozen=True)
class Plan:
    """`doomed` objects may go; of the records in `given_up` something is among them."""

    doomed: frozenset[str]
    given_up: tuple[tuple[int, int], ...]
    size: int
    young: int
    """How many would go as well, and are too young yet."""


def plan(
    stored: Mapping[str, OnRemote],
    *,
    kept: Collection[str],
    named: Mapping[str, Collection[int]],
    keep_since: float,
) -> Plan:
    """Which of the `stored` objects may go.

    Args:
        kept: all that must stay, files in folders too.
        named: object → numbers of the records that name it, files in folders too.
        keep_since: what was stored later stays: it may be of a run that has not made its record yet.
    """
    unused = stored.keys() - set(kept)
    young = {md5 for md5 in unused if (at := stored[md5].modified) is None or at > keep_since}
    doomed = frozenset(unused - young)
    given_up = sorted({number for md5 in doomed for number in named.get(md5, ())})
    size = sum(stored[md5].size for md5 in doomed)
    return Plan(doomed, _ranges(given_up), size, len(young))


def _ranges(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)
