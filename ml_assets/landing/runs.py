"""The landing's runs in Dagster's own books: which are at work, which ended, which died unnoticed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from dagster import DagsterInstance, DagsterRunStatus, RunRecord, RunsFilter

from ml_assets.assets.keys import TAG_HOST
from ml_assets.assets.process_identity import is_dead
from ml_assets.landing.next_step import Attempt, parse_run_key

TAG_RUN_KEY = "ml_assets/landing_run_key"
TAG_BATCH = "ml_assets/landing_batch"
NO_BATCH = "none"
"""Of a run that finishes what was taken in: its tick has looked already, and may hold the lease still."""
RECENT = 100
# A worker says who it is within seconds of its start; one that died before it could is given up on then.
UNIDENTIFIED_SECONDS = 120
IN_PROGRESS = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]
AT_WORK = IN_PROGRESS[2:]
ENDED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]


def report_dead_runs(instance: DagsterInstance, job_name: str) -> list[str]:
    """Report the job's runs as failed whose process is gone, and return their ids.

    Dagster itself notices a killed worker only through the code server that started it; when that is gone
    too, such a run would stay "started" for ever.
    """
    records = instance.get_run_records(RunsFilter(job_name=job_name, statuses=AT_WORK))
    dead = [record for record in records if _died(record)]
    for record in dead:
        message = (
            "The process of this run is gone (killed, or the machine restarted); reported by the landing."
        )
        instance.report_run_failed(record.dagster_run, message)
    return [record.dagster_run.run_id for record in dead]


def active_runs(instance: DagsterInstance, job_name: str) -> dict[str, str]:
    """Ids of the job's runs that are queued or at work, by what they are about ("": started by hand)."""
    found = instance.get_run_records(RunsFilter(job_name=job_name, statuses=IN_PROGRESS))
    return {_subject(record): record.dagster_run.run_id for record in found}


def past_attempts(
    instance: DagsterInstance, job_name: str, intake_of_run: Callable[[str], int | None]
) -> Sequence[Attempt]:
    """The job's newest runs that the sensor asked for and that have ended."""
    records = instance.get_run_records(RunsFilter(job_name=job_name, statuses=ENDED), limit=RECENT)
    found = [(record, parse_run_key(record.dagster_run.tags.get(TAG_RUN_KEY, ""))) for record in records]
    return [
        Attempt(
            subject=key[0],
            number=key[1],
            ended=_end(record),
            record=intake_of_run(record.dagster_run.run_id),
        )
        for record, key in found
        if key
    ]


def failed_after_its_record(
    instance: DagsterInstance, job_name: str, newest_run: tuple[int, str] | None
) -> int | None:
    """Number of the newest run record, when what follows the stages (tracking) failed and was not done since.

    `newest_run` is the record's number and the id of the Dagster run that appended it.
    """
    number, run_id = newest_run or (0, "")
    failed = instance.get_run_record_by_id(run_id) if run_id else None
    if failed is None or failed.dagster_run.status is not DagsterRunStatus.FAILURE:
        return None
    done = RunsFilter(
        job_name=job_name, statuses=[DagsterRunStatus.SUCCESS], created_after=failed.create_timestamp
    )
    return None if instance.get_run_records(done, limit=1) else number


def succeeded(instance: DagsterInstance, job_name: str, batch: str) -> bool:
    """Whether a run that was to take `batch` in came to its end."""
    done = RunsFilter(job_name=job_name, statuses=[DagsterRunStatus.SUCCESS], tags={TAG_BATCH: batch})
    return bool(instance.get_run_records(done, limit=1))


def _subject(record: RunRecord) -> str:
    parsed = parse_run_key(record.dagster_run.tags.get(TAG_RUN_KEY, ""))
    return parsed[0] if parsed else ""


def _died(record: RunRecord) -> bool:
    tags = record.dagster_run.tags
    if TAG_HOST in tags:
        return bool(is_dead(tags))
    silent = datetime.now(UTC) - _aware(record.update_timestamp)
    return silent.total_seconds() > UNIDENTIFIED_SECONDS


def _end(record: RunRecord) -> datetime:
    if record.end_time is not None:
        return datetime.fromtimestamp(record.end_time, UTC)
    return _aware(record.update_timestamp)


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)
