"""The landing in Dagster: its job, its sensor on the bucket, and its daily schedule."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dagster import (
    AssetKey,
    AssetSelection,
    DagsterInstance,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    Definitions,
    RunRequest,
    ScheduleDefinition,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    define_asset_job,
    sensor,
)

from ml_assets.landing.errors import LandingGaveUp
from ml_assets.landing.s3_settings import LandingS3
from ml_assets.landing.settings import LandingSettings
from ml_assets.ledger.store import Ledger

if TYPE_CHECKING:
    from ml_assets.landing.next_step import Request
    from ml_assets.landing.ticks import Ticked

NAME = "landing"
"""Of the job and of the sensor."""


@dataclass(frozen=True)
class Landing:
    """What the landing's definitions are about: the settings, the ledger and the asset that grows."""

    settings: LandingSettings
    ledger: Ledger
    raw: AssetKey
    root: Path

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

    What is new is decided by journal and ledger: the sensor keeps no cursor, so a lost or repeated tick, a
    restart or a second daemon change nothing.
    """

    @sensor(
        name=NAME,
        job_name=NAME,
        minimum_interval_seconds=landing.settings.interval_seconds,
        default_status=_sensor_status(landing.settings),
        description=f"Watches s3://{landing.settings.bucket}/{landing.settings.prefix}",
    )
    def landing_sensor(context: SensorEvaluationContext, landing_s3: LandingS3) -> SensorResult:
        # Here, since a code location loads this module, and few of its processes ever tick.
        from ml_assets.landing.errors import JournalLocked, LandingBusy
        from ml_assets.landing.observation import observation
        from ml_assets.landing.runs import report_dead_runs

        for run_id in report_dead_runs(context.instance, NAME):
            context.log.warning(f"Reported run {run_id} as failed: its process is gone")
        try:
            ticked = tick(landing, context.instance, landing_s3, who="the sensor 'landing'")
        except (LandingBusy, JournalLocked) as busy:
            return SensorResult(skip_reason=str(busy))
        if ticked.deaf:
            context.log.warning(ticked.deaf)
        if ticked.gave_up and ticked.requests:
            context.log.error(ticked.gave_up)
        if ticked.gave_up and not ticked.requests:
            raise LandingGaveUp(ticked.gave_up)
        passed = ticked.passed
        # Without a queue each tick is a pass: those that found nothing would fill the event log.
        tells = passed is not None and bool(landing.settings.queue or passed.new or passed.missing)
        return SensorResult(
            run_requests=[RunRequest(run_key=each.run_key, tags=run_tags(each)) for each in ticked.requests],
            skip_reason=None if ticked.requests else ticked.reason,
            asset_events=[observation(landing.raw, passed, ticked.heard)] if passed and tells else [],
        )

    return landing_sensor


def tick(landing: Landing, instance: DagsterInstance, s3: LandingS3, *, who: str) -> "Ticked":
    """One tick. Raises LandingBusy, and what `Tick.run` raises."""
    from ml_assets.landing.intake import open_journal
    from ml_assets.landing.journal.lease import lease

    with lease(open_journal(landing.settings, landing.root), who=who):
        return tick_under_lease(landing, instance, s3)


def tick_under_lease(landing: Landing, instance: DagsterInstance, s3: LandingS3) -> "Ticked":
    """One tick of who has the lease already. Raises what `Tick.run` raises."""
    from ml_assets.landing.ticks import Tick

    tick = Tick(landing.settings, landing.ledger, landing.root, landing.dvc_file, NAME)
    return tick.run(instance, s3.client(), s3.sqs_client() if landing.settings.queue else None)


def run_tags(request: "Request") -> dict[str, str]:
    """The tags by which later ticks, and the intake, know what a run is about."""
    from ml_assets.landing.runs import NO_BATCH, TAG_BATCH, TAG_RUN_KEY

    return {TAG_RUN_KEY: request.run_key, TAG_BATCH: request.batch or NO_BATCH}


def _sensor_status(settings: LandingSettings) -> DefaultSensorStatus:
    return DefaultSensorStatus.RUNNING if settings.sensor == "running" else DefaultSensorStatus.STOPPED


def _schedule_status(settings: LandingSettings) -> DefaultScheduleStatus:
    return DefaultScheduleStatus.RUNNING if settings.daily_schedule else DefaultScheduleStatus.STOPPED
