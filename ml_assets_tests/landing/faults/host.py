"""A machine that lands what a virtual bucket holds, with the project's own journal, batches and ledger.

Only DVC is left out: an intake "reads" an object by asking the bucket for its generation, and its record says
which generation that was.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.schema import DropSchema

from ml_assets.landing.completeness import Completeness
from ml_assets.landing.discovery import Discovery
from ml_assets.landing.history import History
from ml_assets.landing.journal.batches import Batch, end, generations_of, open_batches, vanish
from ml_assets.landing.journal.postgres import schema_of
from ml_assets.landing.journal.store import Journal
from ml_assets.landing.objects import DeletedObject, LandedObject, Sighting
from ml_assets.landing.reconcile import Pass, Reconciler
from ml_assets.landing.settings import LandingSettings
from ml_assets.ledger.record import Environment, GoneUpstream, IntakeDraft, IntakeRecord, Landed, Record
from ml_assets.ledger.store import Ledger
from ml_assets_tests.landing.faults.virtual_s3 import BUCKET, PREFIX, Generation, VirtualLister, VirtualS3

SETTINGS = LandingSettings(
    bucket=BUCKET, prefix=PREFIX, deletions="mirror", max_batch_files=3, queue="events", max_attempts=1000
)


class Killed(Exception):
    """What stands for SIGKILL: nothing after it happens, and what is in a transaction is undone."""


@dataclass(frozen=True)
class Read:
    """A batch whose objects were read, and which is about to be committed."""

    batch: Batch
    found: Sequence[tuple[LandedObject, Generation]]
    vanished: Sequence[LandedObject]
    deleted: Sequence[DeletedObject]


@dataclass
class Host:
    """`skew` is by how much its clock is wrong."""

    s3: VirtualS3
    ledger: Ledger
    root: Path
    skew: timedelta = timedelta(0)
    journal_url: str = SETTINGS.journal
    lister: VirtualLister = field(init=False)

    def __post_init__(self) -> None:
        self.lister = VirtualLister(self.s3)

    @property
    def journal(self) -> Journal:
        from ml_assets.landing.intake import open_journal

        return open_journal(SETTINGS.model_copy(update={"journal": self.journal_url}), self.root)

    @property
    def history(self) -> History:
        return History.read(self.journal, self.ledger, "data/raw.dvc")

    def clock(self) -> datetime:
        return self.s3.now + self.skew

    def hear(self, sightings: Sequence[Sighting]) -> None:
        self.discovery().accept(sightings)

    def hear_and_die(self, sightings: Sequence[Sighting]) -> None:
        """Killed in the middle of writing down what was heard."""
        with suppress(Killed), self.journal.writing() as connection:
            self.discovery().absorber(connection, "event").absorb(sightings)
            raise Killed

    def list_a_page(self) -> Pass:
        """One page; ranges are listed one after the other, so that the trace can be repeated."""
        reconciler = Reconciler(
            lister=self.lister,  # type: ignore[arg-type]
            journal=self.journal,
            rules=Completeness.of(SETTINGS),
            clock=self.clock,
        )
        return reconciler.run(until=0)

    def seal(self) -> None:
        _ = self.history
        self.discovery().seal(wait_seconds=0, at_most=2)

    def batches(self) -> list[Batch]:
        with self.journal.reading() as connection:
            return open_batches(connection)

    def read(self, batch: Batch) -> Read:
        with self.journal.reading() as connection:
            sightings = generations_of(connection, batch.id, bucket=BUCKET)
        landed = [each for each in sightings if isinstance(each, LandedObject)]
        answers = [(each, self.s3.read(each)) for each in landed]
        return Read(
            batch=batch,
            found=[(each, answer) for each, answer in answers if answer],
            vanished=[each for each, answer in answers if answer is None],
            deleted=[each for each in sightings if isinstance(each, DeletedObject)],
        )

    def commit(self, read: Read, *, die: str | None = None) -> None:
        """As `landing.commit` does it; `die`: "before" or "after" the append."""
        history, since = self.history, read.batch.at_record
        keys = [each.key for each, _ in read.found] + [each.key for each in read.deleted]
        mine = set(keys) - history.named_since(since, keys)

        def draft(_: Record | None) -> IntakeDraft | None:
            history.catch_up(self.ledger)
            return None if history.named_since(since, mine) else self._draft(read, mine)

        if die == "before":
            return
        if mine:
            self.ledger.append(draft)
        if die == "after":
            return
        history.catch_up(self.ledger)
        with self.journal.writing() as connection:
            vanish(connection, read.batch.id, read.vanished)
            end(connection, read.batch.id, retry_at=self.clock(), max_attempts=SETTINGS.max_attempts)

    def lose_journal(self) -> None:
        if self.journal.file is None:
            with self.journal.writing() as connection:
                connection.execute(DropSchema(schema_of(self.journal.zone), cascade=True))
        for file in (self.root / ".ml_assets").glob("landing.sqlite*"):
            file.unlink()

    def become_quiet(self) -> None:
        """Another complete pass, and batches until nothing is left to do."""
        self.skew = timedelta(0)
        # As each tick does, before it looks at anything.
        self.history.catch_up(self.ledger)
        # One pass may be under way, and has been by what changed since.
        self.list_to_the_end()
        self.list_to_the_end()
        for _ in range(50):
            self.seal()
            if not self.batches():
                return
            for batch in self.batches():
                self.commit(self.read(batch))
            self.list_to_the_end()
        raise AssertionError("never quiet")

    def list_to_the_end(self) -> None:
        while not self.list_a_page().ended:
            pass

    def discovery(self) -> Discovery:
        client: Any = self.s3
        return Discovery(client=client, settings=SETTINGS, journal=self.journal, clock=self.clock)

    def _draft(self, read: Read, mine: set[str]) -> IntakeDraft:
        return IntakeDraft(
            actor="someone",
            host="here",
            environment=Environment(python="3.11", digest="0"),
            batch=read.batch.id,
            landed=tuple(_landed(each, made) for each, made in read.found if each.key in mine),
            gone=tuple(
                GoneUpstream(bucket=BUCKET, key=each.key, how="deleted", removed=True)
                for each in read.deleted
                if each.key in mine
            ),
        )


def _landed(each: LandedObject, made: Generation) -> Landed:
    # The generation's number, where a record has the content's digest: it tells A from the A after B.
    digest, path = str(made.number), each.key.removeprefix(PREFIX)
    return Landed(bucket=BUCKET, key=each.key, etag=each.etag, size=1, sha256=digest, path=path)


def committed(ledger: Ledger) -> dict[str, str]:
    """Content by key, by all records."""
    state: dict[str, str] = {}
    for record in ledger.records():
        assert isinstance(record, IntakeRecord)
        state |= {each.key: each.etag for each in record.landed}
        for each in record.gone:
            state.pop(each.key, None)
    return state


def committed_generations(ledger: Ledger) -> list[int]:
    return [
        int(each.sha256)
        for record in ledger.records()
        if isinstance(record, IntakeRecord)
        for each in record.landed
    ]
