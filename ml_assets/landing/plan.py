"""Which landed objects to take in now: a pure function of a listing, what is known, and the time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING

from ml_assets.landing.objects import LandedObject

if TYPE_CHECKING:
    from ml_assets.ledger.generations import KnownGenerations

BATCH_ID_LENGTH = 16
_UNFINISHED = (".tmp", ".part")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An object that is held back until the one with `for_key` has landed too."""

    object: LandedObject
    for_key: str


@dataclass(frozen=True)
class Plan:
    """`batch` is sorted by key; `ignored` are hidden and unfinished uploads, by their names."""

    batch: tuple[LandedObject, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    ignored: tuple[LandedObject, ...] = ()

    @cached_property
    def batch_id(self) -> str:
        """Equal for equal generations, whatever order they were listed in."""
        identities = sorted("\0".join(map(str, landed.identity)) for landed in self.batch)
        return sha256("\n".join(identities).encode()).hexdigest()[:BATCH_ID_LENGTH]


def plan(
    listing: Iterable[LandedObject],
    known: KnownGenerations,
    *,
    prefix: str,
    together: Sequence[str] = (),
    wait: timedelta,
    now: datetime,
    limit: int | None = None,
) -> Plan:
    """What of `listing` is new, that is not the generation of its key that is `known`.

    Args:
        together: folders below `prefix` whose files of one name belong together. A new file waits until the
            others are there too (new or known), at most `wait` since it was landed; then it goes alone.
        limit: most objects in a batch; files that belong together are never cut apart, so that the first
            such group may exceed it.
    """
    seen, ignored = _sift(listing, known, prefix)
    landed = {(each.bucket, each.key) for each in seen}
    ready, waiting = [], []
    for each in seen:
        absent = [
            key
            for key in _companions(each.key, prefix, together)
            if (each.bucket, key) not in landed and known.generation(each.bucket, key) is None
        ]
        if absent and now - each.last_modified < wait:
            waiting.append(Waiting(object=each, for_key=absent[0]))
        else:
            ready.append(each)
    batch = ready if limit is None else list(_cut(ready, prefix=prefix, together=together, limit=limit))
    return Plan(batch=tuple(sorted(batch)), waiting=tuple(waiting), ignored=tuple(ignored))


def _sift(
    listing: Iterable[LandedObject], known: KnownGenerations, prefix: str
) -> tuple[list[LandedObject], list[LandedObject]]:
    """The new ones, and those that nobody meant to land (yet)."""
    new, ignored = [], []
    for each in listing:
        if _is_hidden(each.key.removeprefix(prefix)):
            ignored.append(each)
        elif not known.is_known(*each.identity):
            new.append(each)
    return new, ignored


def _is_hidden(relative: str) -> bool:
    return relative.endswith(_UNFINISHED) or any(name.startswith((".", "_")) for name in relative.split("/"))


def _companions(key: str, prefix: str, together: Collection[str]) -> list[str]:
    folder, _, rest = key.removeprefix(prefix).partition("/")
    if folder not in together or not rest:
        return []
    return [f"{prefix}{other}/{rest}" for other in together if other != folder]


def _cut(
    ready: Iterable[LandedObject], *, prefix: str, together: Collection[str], limit: int
) -> Iterator[LandedObject]:
    """Whole groups, in the order of their names, while they fit."""

    def group_name(landed: LandedObject) -> tuple[str, str]:
        folder, _, rest = landed.key.removeprefix(prefix).partition("/")
        return ("", rest) if folder in together else (folder, rest)

    taken = 0
    for _, members in groupby(sorted(ready, key=group_name), key=group_name):
        group = list(members)
        if taken and taken + len(group) > limit:
            return
        yield from group
        taken += len(group)
