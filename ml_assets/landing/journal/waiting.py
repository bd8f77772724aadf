"""Which objects wait, and what for: in words, for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from ml_assets.landing.completeness import Completeness
from ml_assets.landing.journal.absorb import held_rows
from ml_assets.landing.journal.states import DISCOVERED
from ml_assets.landing.journal.tables import objects

if TYPE_CHECKING:
    from ml_assets.landing.settings import LandingSettings

SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Waiting:
    """An object that is held back until `for_key` has landed too; None: until it has settled."""

    key: str
    for_key: str | None


def waiting(connection: Connection, settings: LandingSettings) -> tuple[Waiting, ...]:
    """The objects that are not complete yet, by key: the first of them."""
    rules = Completeness.of(settings)
    now = datetime.now(UTC).timestamp()
    not_yet = (
        select(objects.c.key)
        .where(objects.c.state == DISCOVERED, objects.c.due > now, objects.c.attempts == 0)
        .order_by(objects.c.key)
        .limit(SHOWN)
    )
    keys = list(connection.scalars(not_yet))
    others = {key: rules.waits_for(key) for key in keys}
    there = held_rows(connection, {other for found in others.values() for other in found})
    return tuple(
        Waiting(key, next((other for other in others[key] if other not in there), None)) for key in keys
    )
