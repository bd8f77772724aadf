"""Takes new objects into raw: listed, planned, fetched, checked, and committed by one ledger record.

The promise: each observed generation of a key is committed by exactly one record, whatever is killed,
overwritten or deleted meanwhile, and the newest intake record's .dvc file is raw with these files.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ml_assets.dvc.tracked import TrackedFolder
from ml_assets.dvc.workspace import writer
from ml_assets.landing.check import check_all
from ml_assets.landing.commit import Commit
from ml_assets.landing.contract import Contracts, load_contracts
from ml_assets.landing.errors import DiskFull, IntakeContended
from ml_assets.landing.fetch import Fetched, Outcome, Unread, Vanished, fetch
from ml_assets.landing.history import History
from ml_assets.landing.listing import list_objects
from ml_assets.landing.plan import Plan, Waiting, plan
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
    vanished: tuple[Vanished, ...] = ()
    unread: tuple[Unread, ...] = ()
    waiting: tuple[Waiting, ...] = ()

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
) -> IntakeResult:
    """Take what is new in the landing zone into `raw`; safe to repeat, and to run twice at once.

    Takes the workspace's write slot itself, so the caller must not hold it.

    Args:
        remote: DVC remote to push to; None for DVC's default, if there is one; "" for none.
        origin: asked once for each record, just before raw is changed.
        progress: told in words what goes on, while it goes on.

    Raises:
        LandingError: one subclass a cause, see `landing.errors`; likewise the errors of the ledger and DVC
            rooms. Nothing was committed then, or, if the ledger's answer was lost, the next intake finds out.
    """
    intake = _Intake(
        client=client,
        settings=settings,
        ledger=ledger,
        raw=Raw(raw, remote),
        origin=origin,
        progress=progress,
    )
    with _explained_disk(raw.root):
        return intake.run()


@dataclass(frozen=True, kw_only=True)
class _Intake:
    client: S3Client
    settings: LandingSettings
    ledger: Ledger
    raw: Raw
    origin: Callable[[], Origin]
    progress: Callable[[str], None]

    def run(self) -> IntakeResult:
        with self._write_slot():
            # Even when nothing is new: what a killed intake left must not reach the stages.
            self.history.catch_up(self.ledger)
            settle(self.raw, self.history, progress=self.progress)
        sweep(self.staging)
        for _ in range(ROUNDS):
            found = self._plan()
            if not found.batch:
                return IntakeResult(waiting=found.waiting)
            with staging_area(self.staging) as staging:
                if result := self._take(found, staging):
                    return result
        raise IntakeContended(attempts=ROUNDS)

    @property
    def staging(self) -> Path:
        return self.raw.private / "staging"

    @cached_property
    def history(self) -> History:
        return History.read(self.ledger, self.raw.dvc_file)

    @cached_property
    def contracts(self) -> Contracts | None:
        return load_contracts(self.settings.contracts) if self.settings.contracts else None

    def _plan(self) -> Plan:
        found = plan(
            list_objects(self.client, self.settings.bucket, self.settings.prefix),
            self.history.known,
            prefix=self.settings.prefix,
            together=self.settings.together,
            wait=timedelta(seconds=self.settings.together_wait_seconds),
            now=datetime.now(UTC),
            limit=self.settings.max_batch_files,
        )
        self.progress(f"{len(found.batch)} new objects in s3://{self.settings.bucket}/{self.settings.prefix}")
        return found

    def _take(self, found: Plan, staging: Path) -> IntakeResult | None:
        """The result; None when others were faster, and the plan is out of date."""
        planned_at = self.history.up_to
        outcomes = fetch(
            self.client,
            found.batch,
            into=staging,
            parallel=self.settings.parallel_downloads,
            progress=self.progress,
        )
        fetched = self._readable(outcomes)
        record = self._commit(fetched, planned_at) if fetched else None
        if fetched and record is None:
            return None
        return IntakeResult(
            record=record,
            vanished=tuple(each for each in outcomes if isinstance(each, Vanished)),
            unread=tuple(each for each in outcomes if isinstance(each, Unread)),
            waiting=found.waiting,
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

    def _commit(self, fetched: list[Fetched], planned_at: int) -> IntakeRecord | None:
        checked = check_all(
            fetched, prefix=self.settings.prefix, contracts=self.contracts, progress=self.progress
        )
        commit = Commit(
            raw=self.raw,
            ledger=self.ledger,
            history=self.history,
            planned_at=planned_at,
            origin=self.origin,
            progress=self.progress,
        )
        with self._write_slot():
            record = commit.run(checked)
        if record:
            self.progress(
                f"record {record.number}: {len(record.landed)} landed, {len(record.quarantined)} refused"
            )
        return record

    @contextmanager
    def _write_slot(self) -> Iterator[None]:
        who = f"intake of s3://{self.settings.bucket}/{self.settings.prefix}"
        with writer(self.raw.private, who=who, on_wait=self.progress):
            yield


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
