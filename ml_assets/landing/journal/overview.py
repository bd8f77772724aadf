"""Where the landing stands, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from ml_assets.landing.journal.batches import Batch, counts, open_batches
from ml_assets.landing.journal.states import DISCOVERED
from ml_assets.landing.journal.store import counted
from ml_assets.landing.journal.tables import objects, poison
from ml_assets.landing.reconcile import Pass, newest_pass

CHUNK = 1000


@dataclass(frozen=True, kw_only=True)
class Overview:
    """`keys` counts keys by state; `oldest` is since when the first object waits that no batch has yet."""

    keys: dict[str, int]
    batches: list[Batch]
    oldest: datetime | None
    newest_pass: Pass
    poison: int
    up_to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A key with the newest generation of it that was seen, and what became of that."""

    key: str
    state: str
    etag: str
    size: int
    landed: datetime
    record: int
    attempts: int
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """A message that nobody understood, and why."""

    id: str
    received: datetime
    reason: str
    body: str


def poisonous(connection: Connection) -> list[Poison]:
    """The messages that are kept, the oldest first."""
    return [
        Poison(
            id=row["message_id"],
            received=datetime.fromtimestamp(row["received"], UTC),
            reason=row["reason"],
            body=row["body"],
        )
        for row in connection.execute(select(poison).order_by(poison.c.received)).mappings()
    ]


def overview(connection: Connection) -> Overview:
    oldest = select(func.min(objects.c.landed)).where(objects.c.state == DISCOVERED, objects.c.deleted == 0)
    waits = connection.scalar(oldest)
    return Overview(
        keys=counts(connection),
        batches=open_batches(connection),
        oldest=None if waits is None else datetime.fromtimestamp(waits, UTC),
        newest_pass=newest_pass(connection),
        poison=connection.scalar(select(func.count()).select_from(poison)) or 0,
        up_to=counted(connection, "up_to"),
    )


def rows(connection: Connection, *, state: str | None, prefix: str) -> Iterator[Row]:
    """The keys below `prefix`, in their order; only those in `state`, if that is given."""
    wanted = select(objects).where(objects.c.key.startswith(prefix, autoescape=True))
    if state:
        wanted = wanted.where(objects.c.state == state)
    after = ""
    while page := _page(connection, wanted, after):
        yield from map(_row, page)
        after = page[-1]["key"]


def _page(connection: Connection, wanted: Any, after: str) -> list[Any]:
    page = wanted.where(objects.c.key > after).order_by(objects.c.key).limit(CHUNK)
    return list(connection.execute(page).mappings())


def _row(row: Any) -> Row:
    landed = datetime.fromtimestamp(row["landed"], UTC)
    names = ("key", "state", "etag", "size", "record", "attempts", "reason")
    return Row(landed=landed, **{name: row[name] for name in names})
