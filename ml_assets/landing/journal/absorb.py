"""Writes what channels see into the journal: news become work, the rest is counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select, update

from ml_assets.landing.completeness import Completeness
from ml_assets.landing.journal.news import Known, Meaning, is_older, meaning
from ml_assets.landing.journal.states import DISCOVERED, GONE, IGNORED
from ml_assets.landing.journal.store import count_up
from ml_assets.landing.journal.tables import batches, objects, sealed
from ml_assets.landing.objects import DeletedObject, LandedObject, Sighting

Channel = Literal["listing", "event", "head"]
CHUNK = 500
_OF_RECORDS = ("record", "named_etag", "named_size", "named_state", "raw_etag", "raw_size")
Held = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Absorbed:
    """`news` by key; `ask` are keys of which the bucket has to say what is there now."""

    news: tuple[Sighting, ...] = ()
    same: int = 0
    older: int = 0
    ask: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Absorber:
    """One observation, in one transaction. `now` is this machine's clock; nothing is ordered by it."""

    connection: Connection
    rules: Completeness
    channel: Channel
    now: datetime
    asked_at: int | None = None
    _rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def absorb(self, sightings: Iterable[Sighting]) -> Absorbed:
        """Of several sightings of one key the later ones count on top of the earlier ones."""
        seen = list(sightings)
        held = held_rows(self.connection, {each.key for each in seen})
        return self.absorb_beside(seen, held)

    def absorb_beside(self, seen: Sequence[Sighting], held: Held) -> Absorbed:
        """As `absorb`, when the rows of the keys have been read already."""
        seq = count_up(self.connection, "seq")
        means = [self._one(each, held, seq) for each in seen]
        new = [key for key in self._rows if key not in held]
        _write(self.connection, [self._rows[key] for key in new], self._rows, held)
        news = {each.key: each for each, found in zip(seen, means, strict=True) if found is Meaning.NEWS}
        self._time(news.values())
        return Absorbed(
            news=tuple(news.values()),
            same=means.count(Meaning.SAME),
            older=means.count(Meaning.OLDER),
            ask=tuple(each.key for each, found in zip(seen, means, strict=True) if found is Meaning.ASK),
        )

    def _one(self, seen: Sighting, held: Held, seq: int) -> Meaning:
        row = self._rows.get(seen.key) or held.get(seen.key)
        # Of one observation all are equally old: only what was there before it may be newer than the answer.
        asked_at = self.asked_at if seen.key not in self._rows else None
        found = meaning(_known(row), seen, asked_at=asked_at)
        if found is Meaning.NEWS:
            self._rows[seen.key] = self._row(seen, row, seq)
        elif found is Meaning.SAME and row is not None and _is_later(seen.sequencer, row["sequencer"]):
            self._rows[seen.key] = {**row, "sequencer": seen.sequencer}
        return found

    def _row(self, seen: Sighting, row: Mapping[str, Any] | None, seq: int) -> dict[str, Any]:
        modified = (seen.last_modified if isinstance(seen, LandedObject) else seen.deleted_at).timestamp()
        # A clock of another machine may be ahead of ours, or the object have been there for long.
        landed = min(modified, self.now.timestamp())
        before = dict.fromkeys(_OF_RECORDS) | {"record": 0} if row is None else row
        return {
            "key": seen.key,
            **_generation(seen),
            "modified": modified,
            "landed": landed,
            "seq": seq,
            "channel": self.channel,
            "state": self._state(seen, before),
            # A deletion has nothing to settle, and its time is by the clock of whoever noticed it.
            "due": landed + self.rules.settle_seconds if isinstance(seen, LandedObject) else 0.0,
            "attempts": 0,
            "reason": None,
            **{name: before[name] for name in _OF_RECORDS},
        }

    def _state(self, seen: Sighting, before: Mapping[str, Any]) -> str:
        if self.rules.ignores(seen.key):
            return IGNORED
        if isinstance(seen, DeletedObject):
            return GONE if before["raw_etag"] is None else DISCOVERED
        named = (before["named_etag"], before["named_size"]) == (seen.etag, seen.size)
        # What is there again may yet be overtaken by what is on its way into raw.
        if named and not in_open_batches(self.connection, [seen.key], since=before["record"]):
            return str(before["named_state"])
        return DISCOVERED

    def _time(self, news: Collection[Sighting]) -> None:
        """Hold back what is not complete, and let go of what has become so."""
        landed = [each.key for each in news if isinstance(each, LandedObject)]
        companions = {other for key in landed for other in self.rules.companions(key)}
        holds = self.rules.held_back({*landed, *companions}, self._are_there)
        self._set_due({key: holds.get(key, self.rules.settle_seconds) for key in {*holds, *companions}})
        for folder in self.rules.complete_folders(landed):
            below = objects.c.key.between(folder, folder[:-1] + chr(ord("/") + 1))
            # A folder in it has a marker of its own.
            name = func.substr(objects.c.key, len(folder) + 1)
            self._wait(below & ~name.contains("/"), self.rules.settle_seconds)

    def _set_due(self, waits: Mapping[str, float]) -> None:
        for seconds in set(waits.values()):
            for chunk in chunks(key for key, wait in waits.items() if wait == seconds):
                self._wait(objects.c.key.in_(chunk), seconds)

    def _wait(self, which: ColumnElement[bool], seconds: float) -> None:
        waiting = update(objects).where(which, objects.c.state == DISCOVERED)
        self.connection.execute(waiting.values(due=objects.c.landed + seconds))

    def _are_there(self, keys: Collection[str]) -> set[str]:
        return {key for key, row in held_rows(self.connection, keys).items() if not row["deleted"]}


def held_rows(connection: Connection, keys: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """The rows of those `keys` that are known."""
    found: dict[str, Mapping[str, Any]] = {}
    for chunk in chunks(keys):
        rows = connection.execute(select(objects).where(objects.c.key.in_(chunk))).mappings()
        found.update({row["key"]: dict(row) for row in rows})
    return found


def in_open_batches(connection: Connection, keys: Collection[str], *, since: int = 0) -> set[str]:
    """Those `keys` that are in a batch that has not ended, and was sealed at record `since` or later.

    Of an earlier batch a key that a record names is left out when it is committed.
    """
    later = select(sealed.c.key).join(batches, batches.c.id == sealed.c.batch)
    later = later.where(batches.c.at_record >= since)
    found = (connection.scalars(later.where(sealed.c.key.in_(chunk))) for chunk in chunks(keys))
    return {key for keys_found in found for key in keys_found}


def _write(
    connection: Connection, new: Sequence[dict[str, Any]], rows: Mapping[str, dict[str, Any]], held: Held
) -> None:
    if new:
        connection.execute(insert(objects), new)
    changed = [{**row, "of": key} for key, row in rows.items() if key in held]
    if changed:
        values: dict[str, Any] = {each.name: bindparam(each.name) for each in objects.c if each.name != "key"}
        for row in changed:
            row.pop("key")
        connection.execute(update(objects).where(objects.c.key == bindparam("of")).values(values), changed)


def _known(row: Mapping[str, Any] | None) -> Known | None:
    if row is None:
        return None
    names = ("etag", "size", "sequencer", "state", "seq")
    return Known(**{name: row[name] for name in names}, deleted=bool(row["deleted"]))


def _generation(seen: Sighting) -> dict[str, Any]:
    if isinstance(seen, DeletedObject):
        what: dict[str, Any] = {"etag": "", "size": 0, "deleted": 1}
    else:
        what = {"etag": seen.etag, "size": seen.size, "deleted": 0}
    return {**what, "version_id": seen.version_id, "sequencer": seen.sequencer}


def _is_later(sequencer: str | None, known: str | None) -> bool:
    # What a listing found has none, and is not given one: an event of equal bytes may be of an older put.
    return sequencer is not None and known is not None and is_older(known, sequencer)


def chunks(keys: Iterable[str]) -> Iterable[list[str]]:
    rest = iter(sorted(keys))
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
