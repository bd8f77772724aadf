"""The landing in Dagster: its job, its sensor on the bucket, and its daily schedule."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from dagster import (
    AssetKey,
    AssetSelection,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    Definitions,
    RunRequest,
    ScheduleDefinition,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    define_asset_job,
    sensor,
)

from ml_assets.landing.errors import LandingGaveUp
from ml_assets.landing.history import History
from ml_assets.landing.listing import list_objects
from ml_assets.landing.next_step import GiveUp, Limits, Request, Step, next_step
from ml_assets.landing.plan import plan
from ml_assets.landing.runs import (
    TAG_RUN_KEY,
    active_run,
    failed_after_its_record,
    past_attempts,
    report_dead_runs,
)
from ml_assets.landing.s3_settings import LandingS3
from ml_assets.landing.settings import LandingSettings
from ml_assets.ledger.store import Ledger

NAME = "landing"
"""Of the job and of the sensor."""


@dataclass(frozen=True)
class Landing:
    """What the landing's definitions are about: the settings, the ledger and the asset that grows."""

    settings: LandingSettings
    ledger: Ledger
    raw: AssetKey

    @property
    def dvc_file(self) -> str:
        into = PurePosixPath(self.settings.into)
        return str(into.with_name(f"{into.name}.dvc"))


def build_landing_definitions(landing: Landing) -> Definitions:
    """The job `landing` (raw and all below it), the sensor and the schedule that start it."""
    settings = landing.settings
    tags = {"dagster/max_retries": str(settings.run_retries)} if settings.run_retries else {}
    job = define_asset_job(NAME, selection=AssetSelection.assets(landing.raw).downstream(), tags=tags)
    schedule = ScheduleDefinition(
        name=f"{NAME}_daily",
        job_name=NAME,
        cron_schedule=settings.schedule_cron,
        default_status=_schedule_status(settings),
        description="Takes in what is new once a day, also when the sensor is off.",
    )
    return Definitions(jobs=[job], sensors=[build_landing_sensor(landing)], schedules=[schedule])


def build_landing_sensor(landing: Landing) -> SensorDefinition:
    """A sensor that asks for a run when objects are new, or when the run before did not finish.

    What is new is decided by the ledger alone: the sensor keeps no cursor, so a lost or repeated tick, a
    restart or a second daemon change nothing.
    """
    # A cache, and no state: read from the ledger again wherever this process starts anew.
    history = History(dvc_file=landing.dvc_file)

    @sensor(
        name=NAME,
        job_name=NAME,
        minimum_interval_seconds=landing.settings.interval_seconds,
        default_status=_sensor_status(landing.settings),
        description=f"Watches s3://{landing.settings.bucket}/{landing.settings.prefix}",
    )
    def landing_sensor(context: SensorEvaluationContext, landing_s3: LandingS3) -> RunRequest | SkipReason:
        nonlocal history
        history = _up_to_date(landing, history)
        for run_id in report_dead_runs(context.instance, NAME):
            context.log.warning(f"Reported run {run_id} as failed: its process is gone")
        step = _decide(context, landing, history, landing_s3)
        if isinstance(step, GiveUp):
            raise LandingGaveUp(step.reason)
        if isinstance(step, Request):
            return RunRequest(run_key=step.run_key, tags={TAG_RUN_KEY: step.run_key})
        return SkipReason(step.reason)

    return landing_sensor


def _up_to_date(landing: Landing, history: History) -> History:
    head = landing.ledger.head()
    if (head.number if head else 0) < history.up_to:
        history = History(dvc_file=landing.dvc_file)  # the ledger was replaced by a shorter one
    history.catch_up(landing.ledger)
    return history


def _decide(context: SensorEvaluationContext, landing: Landing, history: History, s3: LandingS3) -> Step:
    settings, now = landing.settings, datetime.now(UTC)
    planned = plan(
        list_objects(s3.client(), settings.bucket, settings.prefix),
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
        untracked=failed_after_its_record(context.instance, NAME, history.newest_run),
        attempts=past_attempts(context.instance, NAME, history.intake_of_run),
        active=active_run(context.instance, NAME),
        limits=Limits(settings.max_attempts, timedelta(seconds=settings.backoff_seconds)),
        now=now,
    )


def _sensor_status(settings: LandingSettings) -> DefaultSensorStatus:
    return DefaultSensorStatus.RUNNING if settings.sensor == "running" else DefaultSensorStatus.STOPPED


def _schedule_status(settings: LandingSettings) -> DefaultScheduleStatus:
    return DefaultScheduleStatus.RUNNING if settings.daily_schedule else DefaultScheduleStatus.STOPPED
