"""One tick: what landed goes into the journal, what is ready into batches, and each batch gets its run."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from dagster import DagsterInstance

from ml_assets.landing.discovery import Discovery
from ml_assets.landing.errors import (
    AccessDenied,
    EndpointUnreachable,
    LandingError,
    QueueFailed,
    QueueMissing,
)
from ml_assets.landing.hearing import Heard, Listener
from ml_assets.landing.history import History
from ml_assets.landing.intake import open_journal
from ml_assets.landing.journal.batches import Batch, end, first_held, give_up, open_batches, unsealed
from ml_assets.landing.journal.waiting import waiting
from ml_assets.landing.next_step import GiveUp, Idle, Limits, Request, Step, next_steps
from ml_assets.landing.queue import Queue
from ml_assets.landing.runs import active_runs, failed_after_its_record, past_attempts, succeeded

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from ml_assets.landing.journal.store import Journal
    from ml_assets.landing.reconcile import Pass
    from ml_assets.landing.settings import LandingSettings
    from ml_assets.ledger.store import Ledger


@dataclass(frozen=True, kw_only=True)
class Ticked:
    """`requests` are runs to start; `reason` says in words why there are none, or why there are no more.

    `gave_up` is what a person has to look at; `passed` the listing pass that this tick brought to its end;
    `deaf` says why the queue could not be heard.
    """

    requests: tuple[Request, ...] = ()
    reason: str = ""
    gave_up: str | None = None
    passed: Pass | None = None
    heard: Heard | None = None
    deaf: str | None = None


@dataclass(frozen=True)
class Tick:
    """A tick of the landing of job `job` in the project at `root`. Needs the lease."""

    settings: LandingSettings
    ledger: Ledger
    root: Path
    dvc_file: str
    job: str

    def run(self, instance: DagsterInstance, s3: S3Client, sqs: SQSClient | None = None) -> Ticked:
        """Raises what listing raises, and the ledger's errors; what was found before is kept."""
        self.history.catch_up(self.ledger)
        self._end_batches(instance)
        until = time.monotonic() + self.settings.tick_seconds
        heard = self._listen(s3, sqs, until) if self.settings.queue and sqs else None
        passed = self._discover(s3, until)
        active = active_runs(instance, self.job)
        batches = self._seal(s3, active=active.keys())
        steps = self._steps(instance, batches, active)
        self._give_up(steps)
        return Ticked(
            requests=tuple(each for each in steps if isinstance(each, Request)),
            reason=self._reason(steps, passed),
            gave_up=self._given_up(steps),
            passed=passed if passed and passed.ended else None,
            heard=heard if isinstance(heard, Heard) else None,
            deaf=str(heard) if isinstance(heard, LandingError) else None,
        )

    @cached_property
    def journal(self) -> Journal:
        return open_journal(self.settings, self.root)

    @cached_property
    def history(self) -> History:
        return History(journal=self.journal, dvc_file=self.dvc_file)

    @property
    def _backoff(self) -> timedelta:
        return timedelta(seconds=self.settings.backoff_seconds)

    def _end_batches(self, instance: DagsterInstance) -> None:
        """Those whose run was killed, or is not ours, between its record and its own note of that."""
        with self.journal.reading() as connection:
            found = open_batches(connection)
        for batch in found:
            if batch.record is not None or succeeded(instance, self.job, batch.id):
                with self.journal.writing() as connection:
                    end(
                        connection,
                        batch.id,
                        retry_at=datetime.now(UTC) + self._backoff,
                        max_attempts=self.settings.max_attempts,
                    )

    def _listen(self, s3: S3Client, sqs: SQSClient, until: float) -> Heard | LandingError:
        """Without the queue landing goes on, slower: what it would have told is listed."""
        queue = Queue(sqs, self.settings.queue or "")
        try:
            return Listener(self._discovery(s3), queue).listen(until=until)
        except (QueueMissing, QueueFailed, AccessDenied, EndpointUnreachable) as error:
            return error

    def _discover(self, client: S3Client, until: float) -> Pass | None:
        discovery = self._discovery(client)
        return discovery.reconcile(until=until) if discovery.pass_is_due() else None

    def _seal(self, client: S3Client, *, active: Collection[str]) -> list[Batch]:
        with self.journal.reading() as connection:
            own = {batch.subject for batch in open_batches(connection)}
        beyond = sum(subject not in own for subject in active)
        return self._discovery(client).seal(at_most=self.settings.batches_in_flight - beyond)

    def _discovery(self, client: S3Client) -> Discovery:
        return Discovery(client=client, settings=self.settings, journal=self.journal)

    def _steps(
        self, instance: DagsterInstance, batches: Sequence[Batch], active: Mapping[str, str]
    ) -> Sequence[Step]:
        return next_steps(
            batches=batches,
            unfinished=self.history.view.took_in,
            untracked=failed_after_its_record(instance, self.job, self.history.view.newest_run),
            attempts=past_attempts(instance, self.job, self.history.intake_of_run),
            active=active,
            limits=Limits(self.settings.max_attempts, self._backoff),
            now=datetime.now(UTC),
        )

    def _give_up(self, steps: Sequence[Step]) -> None:
        for each in steps:
            if isinstance(each, GiveUp) and each.batch:
                with self.journal.writing() as connection:
                    give_up(connection, each.batch, reason=each.reason)

    def _given_up(self, steps: Sequence[Step]) -> str | None:
        """What is held stays in sight, tick by tick, until somebody has released it."""
        reason = next((each.reason for each in steps if isinstance(each, GiveUp)), None)
        with self.journal.reading() as connection:
            held = first_held(connection)
        if reason or held is None:
            return reason
        return f"{held.count} object(s) are held, such as {held.key}: {held.reason}"

    def _reason(self, steps: Sequence[Step], passed: Pass | None) -> str:
        idle = "; ".join(each.reason for each in steps if isinstance(each, Idle))
        with self.journal.reading() as connection:
            held_back, ready = waiting(connection, self.settings), unsealed(connection)
        if idle:
            return idle
        if passed and not passed.ended:
            return f"the listing has come to {passed.listed} objects, {passed.new} of them new"
        if held_back and held_back[0].for_key:
            return f"{held_back[0].key} waits for {held_back[0].for_key} ({len(held_back)} waiting)"
        if ready:
            return f"{ready} new object(s) wait until they have settled, or a batch is full"
        return "nothing new"
