"""Writes down what the queue tells: sightings into the journal, what nobody understands beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert

from ml_assets.landing.errors import PoisonMessage
from ml_assets.landing.events import sightings
from ml_assets.landing.journal.tables import poison
from ml_assets.landing.queue import Drained

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
    dead_letters: int = 0
    """Of those received, how many had been given up by the queue."""
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
        """Until the queue is empty, or that `time.monotonic()`. Raises what `Queue.drain` raises.

        Then its dead letters, which are good messages as a rule: of a tick that was killed, of a full disk.
        """
        drained = self.queue.drain(self._accept, until=until)
        dead_letters = self.queue.dead_letters()
        dead = dead_letters.drain(self._accept, until=until) if dead_letters else Drained()
        oldest = min(filter(None, (drained.oldest, dead.oldest)), default=None)
        return replace(
            self.heard,
            received=drained.received + dead.received,
            undeleted=drained.undeleted + dead.undeleted,
            dead_letters=dead.received,
            depth=drained.left + dead.left,
            oldest_age_seconds=(self.discovery.clock() - oldest).total_seconds() if oldest else None,
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
