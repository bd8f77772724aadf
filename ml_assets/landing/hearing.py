"""Writes down what the queue tells: sightings into the journal, what nobody understands beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert

from ml_assets.landing.errors import PoisonMessage
from ml_assets.landing.events import sightings
from ml_assets.landing.journal.tables import poison

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ml_assets.landing.discovery import Discovery
    from ml_assets.landing.objects import Sighting
    from ml_assets.landing.queue import Message, Queue


@dataclass(frozen=True, kw_only=True)
class Heard:
    """Counts of messages (`received`, `poison`, `undeleted`) and of sightings.

    `foreign` ones are of another bucket or prefix; `news` made work; `same` and `older` ones were known.
    """

    received: int = 0
    undeleted: int = 0
    poison: int = 0
    foreign: int = 0
    news: int = 0
    same: int = 0
    older: int = 0
    depth: int = 0
    """About how many messages are left in the queue."""
    oldest_age_seconds: float | None = None


@dataclass
class Listener:
    """Hears a queue out, into the journal of `discovery`. Needs the lease."""

    discovery: Discovery
    queue: Queue
    heard: Heard = field(default_factory=Heard)

    def listen(self, *, until: float) -> Heard:
        """Until the queue is empty, or that `time.monotonic()`. Raises what `Queue.drain` raises."""
        drained = self.queue.drain(self._accept, until=until)
        now = self.discovery.clock()
        age = (now - drained.oldest).total_seconds() if drained.oldest else None
        return replace(
            self.heard,
            received=drained.received,
            undeleted=drained.undeleted,
            depth=self.queue.depth(),
            oldest_age_seconds=age,
        )

    def _accept(self, messages: Sequence[Message]) -> None:
        told: list[Sighting] = []
        bad: list[tuple[Message, str]] = []
        for message in messages:
            try:
                told += sightings(message.body)
            except PoisonMessage as error:
                bad.append((message, error.reason))
        ours = [each for each in told if self._is_ours(each)]
        if bad:
            with self.discovery.journal.writing() as connection:
                _keep(connection, bad)
        absorbed = self.discovery.accept(ours)
        self.heard = replace(
            self.heard,
            poison=self.heard.poison + len(bad),
            foreign=self.heard.foreign + len(told) - len(ours),
            news=self.heard.news + len(absorbed.news),
            same=self.heard.same + absorbed.same,
            older=self.heard.older + absorbed.older,
        )

    def _is_ours(self, seen: Sighting) -> bool:
        settings = self.discovery.settings
        folder = seen.key.endswith("/") and getattr(seen, "size", 0) == 0
        return seen.bucket == settings.bucket and seen.key.startswith(settings.prefix) and not folder


def _keep(connection: Connection, bad: Sequence[tuple[Message, str]]) -> None:
    for message, reason in bad:
        connection.execute(delete(poison).where(poison.c.message_id == message.id))
        row = {"message_id": message.id, "received": message.sent.timestamp()}
        connection.execute(insert(poison), [{**row, "reason": reason, "body": message.body}])
