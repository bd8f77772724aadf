"""What one tick of the sensor decides, by the bucket, the ledger and the runs so far."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dagster import DagsterInstance

from ml_assets.landing.history import History
from ml_assets.landing.listing import list_objects
from ml_assets.landing.next_step import Limits, Step, next_step
from ml_assets.landing.plan import plan
from ml_assets.landing.runs import active_run, failed_after_its_record, past_attempts
from ml_assets.landing.settings import LandingSettings
from ml_assets.ledger.store import Ledger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Ticks:
    """The ticks of one process over the landing of job `job`.

    What it knows of the ledger is a cache, and no state: read again wherever a process starts anew.
    """

    def __init__(self, *, settings: LandingSettings, ledger: Ledger, dvc_file: str, job: str) -> None:
        self._settings = settings
        self._ledger = ledger
        self._dvc_file = dvc_file
        self._job = job
        self._history = History(dvc_file=dvc_file)

    def next(self, instance: DagsterInstance, client: S3Client) -> Step:
        """What to do now: ask for a run, wait, or give up."""
        history = self._up_to_date()
        settings, now = self._settings, datetime.now(UTC)
        planned = plan(
            list_objects(client, settings.bucket, settings.prefix),
            history.known,
            prefix=settings.prefix,
            together=settings.together,
            wait=timedelta(seconds=settings.together_wait_seconds),
            now=now,
            limit=settings.max_batch_files,
        )
        return next_step(
            plan=planned,
            unfinished=history.unfinished,
            untracked=failed_after_its_record(instance, self._job, history.newest_run),
            attempts=past_attempts(instance, self._job, history.intake_of_run),
            active=active_run(instance, self._job),
            limits=Limits(settings.max_attempts, timedelta(seconds=settings.backoff_seconds)),
            now=now,
        )

    def _up_to_date(self) -> History:
        head = self._ledger.head()
        if (head.number if head else 0) < self._history.up_to:
            # The ledger was replaced by a shorter one.
            self._history = History(dvc_file=self._dvc_file)
        self._history.catch_up(self._ledger)
        return self._history
