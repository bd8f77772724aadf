"""Follows what was landed until the ledger has its records, and says in numbers what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ml_assets.demo.errors import LandingFailed
from ml_assets.ledger.record import IntakeRecord, RunRecord
from ml_assets.ledger.store import Ledger

if TYPE_CHECKING:
    from dagster import DagsterInstance

POLL_SECONDS = 0.25
# One tick may fail while a server is still starting.
FAILED_TICKS = 3


@dataclass(frozen=True)
class Landing:
    """Objects that were put, since when, and how many the DVC remote held before."""

    keys: tuple[str, ...]
    since: datetime
    remote_objects: int


@dataclass(frozen=True)
class LandingSummary:
    """One landing from the first put (of the first: from the servers' start) to its run record."""

    files: int
    intake: int
    run: int
    auc: float | None
    pushed: int
    seconds: float


@dataclass
class LandingWatch:
    """Looks at the ledger and at Dagster's failed runs."""

    ledger: Ledger
    instance: DagsterInstance
    job_name: str
    check: Callable[[], None]
    max_failures: int
    timeout_seconds: float = 900.0

    def wait(self, landing: Landing) -> tuple[IntakeRecord, RunRecord]:
        """The records by which the landing was taken in and by which the stages then finished.

        Raises:
            LandingFailed: an object was refused, runs or the sensor's ticks failed too often, or time is up.
            ServerFailed: a server ended.
        """
        started, seen = time.monotonic(), 0
        missing, intake = set(landing.keys), None
        while True:
            for record in self.ledger.records(after=seen):
                seen = record.number
                if isinstance(record, IntakeRecord):
                    self._require_accepted(record)
                    hit = missing & {each.key for each in record.landed}
                    missing -= hit
                    intake = record if hit else intake
                elif (
                    isinstance(record, RunRecord) and intake is not None and not missing and not record.stale
                ):
                    return intake, record
            self._require_health(started, landing.since)
            time.sleep(POLL_SECONDS)

    def wait_until_idle(self, since: datetime) -> None:
        """Wait until the job's newest run has succeeded; what failed is tried again by the sensor.

        Raises:
            LandingFailed: somebody stopped it, it failed too often since `since`, or time is up.
        """
        from dagster import DagsterRunStatus, RunsFilter

        started = time.monotonic()
        while True:
            newest = self.instance.get_run_records(RunsFilter(job_name=self.job_name), limit=1)
            status = newest[0].dagster_run.status if newest else None
            if status is DagsterRunStatus.SUCCESS:
                return
            if status is DagsterRunStatus.CANCELED:
                raise _failed(f"Run {newest[0].dagster_run.run_id} was stopped by somebody")
            self._require_health(started, since)
            time.sleep(POLL_SECONDS)

    def _require_accepted(self, record: IntakeRecord) -> None:
        if record.quarantined:
            first = record.quarantined[0]
            raise _failed(f"{first.key} was refused: {first.reason}")

    def _require_health(self, started: float, since: datetime) -> None:
        self.check()
        failed = self.failed_runs(since)
        if len(failed) >= self.max_failures:
            raise _failed(f"{len(failed)} runs failed; {self._newest_of(failed)}")
        self._require_ticks(since)
        if time.monotonic() - started > self.timeout_seconds:
            raise _failed(f"Not done after {self.timeout_seconds:.0f} s")

    def failed_runs(self, since: datetime | None = None) -> list[str]:
        """Ids, newest first."""
        from dagster import DagsterRunStatus, RunsFilter

        failed = RunsFilter(job_name=self.job_name, statuses=[DagsterRunStatus.FAILURE], created_after=since)
        return [record.dagster_run.run_id for record in self.instance.get_run_records(failed)]

    def _newest_of(self, failed: Sequence[str]) -> str:
        return f"the newest, {failed[0]}: {self.reason(failed[0])}" if failed else "no run failed"

    def _require_ticks(self, since: datetime) -> None:
        """Raises LandingFailed when a sensor only fails: it gave up what an older start tried, for one."""
        for state in self.instance.all_instigator_state():
            ticks = self.instance.get_ticks(
                state.instigator_origin_id, state.selector_id, after=since.timestamp(), limit=FAILED_TICKS
            )
            errors = [tick.error for tick in ticks if tick.error]
            if len(errors) == FAILED_TICKS:
                what = f"The sensor '{state.name}' fails: {_innermost(errors[0])}"
                raise _failed(f"{what}\nOf the failed runs {self._newest_of(self.failed_runs())}")

    def reason(self, run_id: str) -> str:
        """Why a run failed, in the words of what failed."""
        from dagster import DagsterEventType

        entries: Any = self.instance.all_logs(
            run_id, of_type={DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE}
        )
        messages = [_message(entry) for entry in entries]
        return next(filter(None, messages), "no reason recorded")


def count_objects(client: Any, bucket: str, prefix: str) -> int:
    """How many objects are below `prefix`."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return sum(page["KeyCount"] for page in pages)


def auc(record: RunRecord) -> float | None:
    """The first metric called `auc` in the record's metrics files."""
    found = (content.get("auc") for content in record.metrics.values() if isinstance(content, dict))
    return next((float(value) for value in found if isinstance(value, int | float)), None)


def _innermost(error: Any) -> str:
    while error.cause is not None:
        error = error.cause
    return str(error.message).strip()


def _message(entry: Any) -> str:
    event = entry.dagster_event
    # Dagster raises when this is asked of another event.
    failure = event.step_failure_data if event and event.is_step_failure else None
    if failure is not None and failure.user_failure_data is not None:
        return str(failure.user_failure_data.description)
    if failure is not None and failure.error is not None:
        return _innermost(failure.error)
    return str(entry.user_message or entry.message)


def _failed(what: str) -> LandingFailed:
    remedy = "The logs are in .demo/logs. `make demo` continues from here; `make clean demo` begins anew."
    return LandingFailed(what=what, remedy=remedy)
