"""Finds out what has landed, by listing and by events, and seals what is ready into batches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from ml_assets.landing.completeness import Completeness
from ml_assets.landing.failures import explained
from ml_assets.landing.journal.absorb import Absorbed, Absorber, Channel
from ml_assets.landing.journal.batches import Batch, Sealing, doubtful, open_batches, seal
from ml_assets.landing.journal.store import counted
from ml_assets.landing.listing import Lister
from ml_assets.landing.objects import DeletedObject, LandedObject, Sighting
from ml_assets.landing.reconcile import Pass, Reconciler, newest_pass

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from sqlalchemy import Connection

    from ml_assets.landing.journal.store import Journal
    from ml_assets.landing.settings import LandingSettings

# What becomes known of a key meanwhile makes an answer worthless: so few, that they are answered in a second.
_ASKED_AT_ONCE = 200
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(kw_only=True)
class Discovery:
    """What a tick, or an intake by hand, does before anything is read. Needs the lease."""

    client: S3Client
    settings: LandingSettings
    journal: Journal
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def reconcile(self, *, until: float | None = None) -> Pass:
        """Go on with the listing pass until that `time.monotonic()`, or its end. Raises as `Lister.ask`."""
        reconciler = Reconciler(
            lister=Lister(self.client, self.settings.bucket, self.settings.prefix),
            journal=self.journal,
            rules=self.rules,
            parallel=self.settings.parallel_listings,
            clock=self.clock,
        )
        return reconciler.run(until)

    def pass_is_due(self) -> bool:
        """Whether a listing pass is under way, or the newest is old; without a queue there always is one."""
        with self.journal.reading() as connection:
            newest = newest_pass(connection)
        if newest.ended is None or self.settings.queue is None:
            return True
        age = (self.clock() - newest.ended).total_seconds()
        # A clock that was put back must not put off listing for as long.
        return not 0 <= age < self.settings.reconcile_seconds

    def accept(self, sightings: Iterable[Sighting]) -> Absorbed:
        """Take down what events tell, and ask the bucket where that leaves open which is newer."""
        with self.journal.writing() as connection:
            absorbed = self.absorber(connection, "event").absorb(sightings)
        self.ask(absorbed.ask)
        return absorbed

    def ask(self, keys: Collection[str]) -> None:
        """Look what is under each of `keys` now. Raises as `Lister.ask`."""
        with ThreadPoolExecutor(self.settings.parallel_downloads, thread_name_prefix="head") as pool:
            unique = list(dict.fromkeys(keys))
            for start in range(0, len(unique), _ASKED_AT_ONCE):
                with self.journal.reading() as connection:
                    asked_at = counted(connection, "seq")
                found = list(pool.map(self._head, unique[start : start + _ASKED_AT_ONCE]))
                with self.journal.writing() as connection:
                    self.absorber(connection, "head", asked_at=asked_at).absorb(found)

    def seal(self, *, wait_seconds: float | None = None, at_most: int | None = None) -> list[Batch]:
        """Seal what is ready, as long as fewer than `at_most` batches are open; all open batches."""
        wait = self.settings.batch_wait_seconds if wait_seconds is None else wait_seconds
        sealing = Sealing(
            max_files=self.settings.max_batch_files,
            max_bytes=self.settings.max_batch_bytes,
            wait_seconds=wait,
            mirror=self.settings.deletions == "mirror",
        )
        with self.journal.reading() as connection:
            doubts = doubtful(connection, at_most=self.settings.max_batch_files)
        self.ask(doubts)
        while True:
            with self.journal.writing() as connection:
                found = open_batches(connection)
                if at_most is not None and len(found) >= at_most:
                    return found
                bucket = self.settings.bucket
                made = seal(connection, rules=self.rules, sealing=sealing, bucket=bucket, now=self.clock())
                if made is None:
                    return found

    @cached_property
    def rules(self) -> Completeness:
        return Completeness.of(self.settings)

    def absorber(self, connection: Connection, channel: Channel, *, asked_at: int | None = None) -> Absorber:
        return Absorber(
            connection=connection,
            rules=self.rules,
            channel=channel,
            now=self.clock(),
            asked_at=asked_at,
        )

    def _head(self, key: str) -> Sighting:
        from botocore.exceptions import ClientError

        bucket = self.settings.bucket
        with explained(
            self.client, bucket=bucket, where=f"s3://{bucket}/{key}", doing="to look at the object"
        ):
            try:
                found = self.client.head_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") not in _MISSING:
                    raise
                return DeletedObject(bucket, key, self.clock())
        return LandedObject(
            bucket,
            key,
            found["ETag"].strip('"'),
            found["ContentLength"],
            found["LastModified"],
            version_id=found.get("VersionId"),
        )
