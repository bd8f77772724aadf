"""The landing in Dagster: its job, its sensor on the bucket, and its daily schedule."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

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
from ml_assets.landing.s3_settings import LandingS3
from ml_assets.landing.settings import LandingSettings
from ml_assets.ledger.store import Ledger

if TYPE_CHECKING:
    from ml_assets.landing.ticks import Ticks

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
    ticks: Ticks | None = None

    @sensor(
        name=NAME,
        job_name=NAME,
        minimum_interval_seconds=landing.settings.interval_seconds,
        default_status=_sensor_status(landing.settings),
        description=f"Watches s3://{landing.settings.bucket}/{landing.settings.prefix}",
    )
    def landing_sensor(context: SensorEvaluationContext, landing_s3: LandingS3) -> RunRequest | SkipReason:
        # Here, since a code location loads this module, and few of its processes ever tick.
        from ml_assets.landing.next_step import GiveUp, Request
        from ml_assets.landing.runs import TAG_RUN_KEY, report_dead_runs
        from ml_assets.landing.ticks import Ticks

        nonlocal ticks
        if ticks is None:
            ticks = Ticks(
                settings=landing.settings, ledger=landing.ledger, dvc_file=landing.dvc_file, job=NAME
            )
        for run_id in report_dead_runs(context.instance, NAME):
            context.log.warning(f"Reported run {run_id} as failed: its process is gone")
        step = ticks.next(context.instance, landing_s3.client())
        if isinstance(step, GiveUp):
            raise LandingGaveUp(step.reason)
        if isinstance(step, Request):
            return RunRequest(run_key=step.run_key, tags={TAG_RUN_KEY: step.run_key})
        return SkipReason(step.reason)

    return landing_sensor


def _sensor_status(settings: LandingSettings) -> DefaultSensorStatus:
    return DefaultSensorStatus.RUNNING if settings.sensor == "running" else DefaultSensorStatus.STOPPED


def _schedule_status(settings: LandingSettings) -> DefaultScheduleStatus:
    return DefaultScheduleStatus.RUNNING if settings.daily_schedule else DefaultScheduleStatus.STOPPED
