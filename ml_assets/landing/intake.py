"""Takes a batch of new objects into raw: fetched, checked, and committed by one ledger record.

The promise: each observed generation of a key is committed by exactly one record, whatever is killed,
overwritten or deleted meanwhile, and the newest intake record's .dvc file is raw with these files.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ml_assets.dvc.tracked import TrackedFolder
from ml_assets.dvc.workspace import writer
from ml_assets.landing.check import check_all
from ml_assets.landing.commit import Commit, Harvest
from ml_assets.landing.contract import Contracts, load_contracts
from ml_assets.landing.discovery import Discovery
from ml_assets.landing.errors import DiskFull, IntakeContended, SchemaMoved
from ml_assets.landing.fetch import Fetched, Outcome, Unread, Vanished, fetch
from ml_assets.landing.formats.reading import Reading
from ml_assets.landing.history import History
from ml_assets.landing.journal.batches import OPEN, Batch, end, find_batch, generations_of, resume, vanish
from ml_assets.landing.journal.lease import lease
from ml_assets.landing.journal.store import Journal
from ml_assets.landing.journal.waiting import Waiting, waiting
from ml_assets.landing.journal.zone import Zone
from ml_assets.landing.objects import DeletedObject, LandedObject, Sighting
from ml_assets.landing.schema_step import SchemaKeeper
from ml_assets.landing.settings import LandingSettings
from ml_assets.landing.settle import Raw, settle
from ml_assets.landing.staging import staging_area, sweep
from ml_assets.ledger.record import IntakeRecord, Landed, Origin, Quarantined

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from ml_assets.ledger.store import Ledger

ROUNDS = 10


@dataclass(frozen=True, kw_only=True)
class IntakeResult:
    """What one intake did; `record` is None when there was nothing to commit.

    `vanished` were gone before they could be read, `unread` are there and could not be read (try again),
    `waiting` wait for objects that belong to them.
    """

    record: IntakeRecord | None = None
    batch: Batch | None = None
    vanished: tuple[Vanished, ...] = ()
    unread: tuple[Unread, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    lags: tuple[float, ...] = ()
    """Seconds from the put of each landed object to its record, by the bucket's clock and by ours."""

    @property
    def landed(self) -> tuple[Landed, ...]:
        return self.record.landed if self.record else ()

    @property
    def quarantined(self) -> tuple[Quarantined, ...]:
        return self.record.quarantined if self.record else ()


def take_in(
    *,
    client: S3Client,
    settings: LandingSettings,
    ledger: Ledger,
    raw: TrackedFolder,
    remote: str | None,
    origin: Callable[[], Origin],
    progress: Callable[[str], None],
    batch: str | None = None,
    look: bool = True,
    home: Path | None = None,
) -> IntakeResult:
    """Take a batch into `raw`; safe to repeat, and to run twice at once.

    Takes the workspace's write slot itself, so the caller must not hold it.

    Args:
        remote: DVC remote to push to; None for DVC's default, if there is one; "" for none.
        origin: asked once for each record, just before raw is changed.
        progress: told in words what goes on, while it goes on.
        batch: that a tick has sealed. None: look what has landed, and take the first batch of it.
        look: False to take nothing in without a `batch`, and only leave raw as the ledger says.
        home: the checkout, where raw is in a clone of it: what is refused is kept there, and contracts are
            the clone's.

    Raises:
        LandingError: one subclass a cause, see `landing.errors`; likewise the errors of the ledger and DVC
            rooms. Nothing was committed then, or, if the ledger's answer was lost, the next intake finds out.
    """
    intake = _Intake(
        client=client,
        settings=settings,
        ledger=ledger,
        raw=Raw(replace(raw, max_files=settings.max_files_per_dvc), remote, home),
        origin=origin,
        progress=progress,
    )
    with _explained_disk(raw.root):
        intake.prepare()
        if batch:
            return intake.take(batch)
        return intake.look_and_take() if look else intake.take_nothing()


@dataclass(frozen=True, kw_only=True)
class _Intake:
    client: S3Client
    settings: LandingSettings
    ledger: Ledger
    raw: Raw
    origin: Callable[[], Origin]
    progress: Callable[[str], None]

    def prepare(self) -> None:
        with self._write_slot():
            # Even when nothing is new: what a killed intake left must not reach the stages.
            self.history.catch_up(self.ledger)
            settle(self.raw, self.history, progress=self.progress)
        sweep(self.staging)

    def look_and_take(self) -> IntakeResult:
        """Also takes over the batches of others: of two that take the same one, the ledger lets one in."""
        with lease(self.journal, who=self.who, on_wait=self.progress):
            for _ in range(ROUNDS):
                batches = self._look()
                if not batches:
                    return IntakeResult(waiting=self._waiting())
                result = self._take(batches[0])
                if result.record or result.vanished or result.unread:
                    return result
        raise IntakeContended(attempts=ROUNDS)

    def take_nothing(self) -> IntakeResult:
        return IntakeResult(waiting=self._waiting())

    def take(self, id_: str) -> IntakeResult:
        with self.journal.reading() as connection:
            batch = find_batch(connection, id_)
        if batch is None or batch.state != OPEN:
            self.progress(f"batch {id_} has ended already")
            return IntakeResult(waiting=self._waiting())
        return self._take(batch)

    @property
    def _reading(self) -> Reading:
        return Reading(
            last_line_end=self.settings.csv_last_line_end,
            max_unpacked_bytes=self.settings.max_unpacked_bytes,
        )

    @property
    def who(self) -> str:
        return f"intake of {self.journal.zone.url}"

    @property
    def staging(self) -> Path:
        return self.raw.private / "staging"

    @cached_property
    def journal(self) -> Journal:
        return open_journal(self.settings, self.raw.tracked.root)

    @cached_property
    def history(self) -> History:
        return History(journal=self.journal, dvc_file=self.raw.dvc_file)

    @cached_property
    def contracts(self) -> Contracts | None:
        if not self.settings.contracts:
            return None
        root = self.raw.tracked.root
        return load_contracts(self.settings.contracts, of=None if self.raw.home == root else root)

    def _look(self) -> list[Batch]:
        self.history.catch_up(self.ledger)
        with self.journal.writing() as connection:
            # Somebody is here who sees what comes of it.
            resume(connection)
        discovery = Discovery(client=self.client, settings=self.settings, journal=self.journal)
        discovery.reconcile()
        batches = discovery.seal(wait_seconds=0, at_most=1)
        new = sum(batch.files for batch in batches)
        self.progress(f"{new} new objects in {self.journal.zone.url}")
        return batches

    def _waiting(self) -> tuple[Waiting, ...]:
        with self.journal.reading() as connection:
            return waiting(connection, self.settings)

    def _take(self, batch: Batch) -> IntakeResult:
        """The result; without a record when others were faster, or nothing is there any more."""
        with self.journal.reading() as connection:
            generations = generations_of(connection, batch.id, bucket=self.settings.bucket)
        with staging_area(self.staging) as staging:
            outcomes = fetch(
                self.client,
                [each for each in generations if isinstance(each, LandedObject)],
                into=staging,
                parallel=self.settings.parallel_downloads,
                progress=self.progress,
            )
            deleted = [each for each in generations if isinstance(each, DeletedObject)]
            record = self._commit(batch, self._readable(outcomes), deleted, outcomes)
        self._end(batch, outcomes)
        return IntakeResult(
            record=record,
            batch=batch,
            vanished=tuple(each for each in outcomes if isinstance(each, Vanished)),
            unread=tuple(each for each in outcomes if isinstance(each, Unread)),
            waiting=self._waiting(),
            lags=_lags(record, generations),
        )

    def _end(self, batch: Batch, outcomes: tuple[Outcome, ...]) -> None:
        with self.journal.writing() as connection:
            vanish(connection, batch.id, [each.object for each in outcomes if isinstance(each, Vanished)])
            end(
                connection,
                batch.id,
                retry_at=datetime.now(UTC) + timedelta(seconds=self.settings.backoff_seconds),
                max_attempts=self.settings.max_attempts,
            )

    def _readable(self, outcomes: tuple[Outcome, ...]) -> list[Fetched]:
        """Raises the first error when not one object could be read."""
        fetched = [each for each in outcomes if isinstance(each, Fetched)]
        unread = [each for each in outcomes if isinstance(each, Unread)]
        if unread and not fetched:
            raise unread[0].error
        for each in outcomes:
            if isinstance(each, Vanished):
                self.progress(f"{each.object.key} was {each.how} before it could be read")
        for each in unread:
            self.progress(f"{each.object.key} could not be read: {each.error}")
        return fetched

    def _commit(
        self,
        batch: Batch,
        fetched: list[Fetched],
        deleted: list[DeletedObject],
        outcomes: tuple[Outcome, ...],
    ) -> IntakeRecord | None:
        vanished = [each.object for each in outcomes if isinstance(each, Vanished)]
        for _ in range(ROUNDS):
            try:
                record = self._check_and_commit(batch, fetched, Harvest(vanished=vanished, deleted=deleted))
                break
            except SchemaMoved as moved:
                self.progress(str(moved))
        else:
            raise IntakeContended(attempts=ROUNDS)
        if record:
            self.progress(
                f"record {record.number}: {len(record.landed)} landed, {len(record.quarantined)} refused"
            )
        return record

    def _check_and_commit(self, batch: Batch, fetched: list[Fetched], rest: Harvest) -> IntakeRecord | None:
        schema = SchemaKeeper.of(self.raw.tracked.path, self.contracts)
        standard = schema.standard(self._reading)
        checked = check_all(fetched, prefix=self.settings.prefix, standard=standard, progress=self.progress)
        harvest = replace(rest, checked=checked)
        if not harvest:
            return None
        commit = Commit(
            raw=self.raw,
            ledger=self.ledger,
            history=self.history,
            batch=batch,
            prefix=self.settings.prefix,
            mirror=self.settings.deletions == "mirror",
            schema=schema,
            origin=self.origin,
            progress=self.progress,
        )
        with self._write_slot():
            return commit.run(harvest)

    @contextmanager
    def _write_slot(self) -> Iterator[None]:
        with writer(self.raw.private, who=self.who, on_wait=self.progress):
            yield


def _lags(record: IntakeRecord | None, generations: Sequence[Sighting]) -> tuple[float, ...]:
    put = {each.key: each.last_modified for each in generations if isinstance(each, LandedObject)}
    landed = record.landed if record else ()
    # A record's time is in whole seconds, and the bucket's clock may be ahead.
    return tuple(max(0.0, (record.time - put[each.key]).total_seconds()) for each in landed if record)


def open_journal(settings: LandingSettings, root: Path) -> Journal:
    """The journal of the project at `root`."""
    return Journal(settings.journal, root=root, zone=Zone(settings.bucket, settings.prefix))


@contextmanager
def _explained_disk(root: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if _is_no_space(error):
            raise DiskFull(where=str(root), free=shutil.disk_usage(root).free) from error
        raise


def _is_no_space(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return True
        error = error.__cause__ or error.__context__
    return False
