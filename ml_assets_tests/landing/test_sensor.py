"""The sensor's ticks: one run at a time, asked for until it is finished, never the same twice."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import psutil
import pytest
from dagster import (
    AssetKey,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunRequest,
    ScheduleDefinition,
    SensorDefinition,
    SensorResult,
    build_sensor_context,
)

from ml_assets.assets.keys import TAG_HOST, TAG_PID, TAG_STARTED
from ml_assets.landing.errors import BucketMissing, LandingGaveUp
from ml_assets.landing.journal.batches import counts
from ml_assets.landing.runs import TAG_RUN_KEY, active_runs, report_dead_runs
from ml_assets.landing.s3_settings import LandingS3
from ml_assets.landing.sensor import NAME, Landing, build_landing_definitions, build_landing_sensor
from ml_assets.ledger.record import Origin, RunDraft
from ml_assets_tests.landing.site import Site, rows

MYSELF = {
    TAG_HOST: socket.gethostname(),
    TAG_PID: str(os.getpid()),
    TAG_STARTED: str(psutil.Process().create_time()),
}
A_DEAD_ONE = MYSELF | {TAG_PID: "999999999"}
RECYCLED = MYSELF | {TAG_STARTED: "1.0"}


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


class Ticker:
    """Ticks one sensor of a site, as the daemon does, and starts what it asks for only on paper."""

    def __init__(self, site: Site, instance: DagsterInstance, **settings: object) -> None:
        self.site, self.instance = site, instance
        configured = site.settings.model_copy(update=settings)
        self.sensor = build_landing_sensor(
            Landing(settings=configured, ledger=site.ledger, raw=AssetKey("raw"), root=site.root)
        )

    def tick(self) -> SensorResult:
        with build_sensor_context(instance=self.instance, resources={"landing_s3": LandingS3()}) as context:
            result = self.sensor(context)
            assert isinstance(result, SensorResult)
            return result

    def request(self) -> RunRequest:
        (request,) = self.tick().run_requests or ()
        return request

    def skip(self) -> str:
        result = self.tick()
        assert not result.run_requests
        assert result.skip_reason is not None
        return str(result.skip_reason.skip_message)

    def run(self, request: RunRequest, status: DagsterRunStatus, **tags: str) -> DagsterRun:
        run = DagsterRun(job_name=NAME, status=status, tags={**request.tags, **tags})
        self.instance.add_run(run)
        return run


def finish_stages(site: Site, *, stale: tuple[str, ...] = (), run: DagsterRun | None = None) -> None:
    dagster = {"run_id": run.run_id, "job": NAME} if run else None
    origin = Origin.model_validate(
        {"actor": "me", "host": "here", "environment": {"python": "3", "digest": "0"}, "dagster": dagster}
    )
    site.ledger.append(
        lambda _: RunDraft(
            **dict(origin), dvc_lock="", stale=stale, dvc_files={"data/raw.dvc": site.raw.text() or ""}
        )
    )


@pytest.fixture
def ticker(site: Site, instance: DagsterInstance) -> Ticker:
    return Ticker(site, instance, backoff_seconds=0)


def test_an_empty_bucket_is_a_skip_that_says_so(ticker: Ticker) -> None:
    assert ticker.skip() == "nothing new"


def test_all_that_is_new_is_one_run_with_a_key_of_its_own(ticker: Ticker) -> None:
    ticker.site.put(1, rows(1, 10))
    ticker.site.put(2, rows(2, 20))
    request = ticker.request()
    assert request.run_key is not None
    assert request.tags[TAG_RUN_KEY] == request.run_key
    assert request.run_key.endswith(":1")


def test_a_repeated_tick_asks_for_the_same_run_which_dagster_starts_once(ticker: Ticker) -> None:
    ticker.site.put(1, rows(1, 10))
    assert ticker.request().run_key == ticker.request().run_key


def test_two_batches_are_in_flight_and_what_lands_then_waits_for_the_next(ticker: Ticker) -> None:
    for day in (1, 2):
        ticker.site.put(day, rows(day, 10))
        ticker.run(ticker.request(), DagsterRunStatus.STARTED, **MYSELF)
    ticker.site.put(3, rows(3, 30))
    assert "is at work on 1 object(s)" in ticker.skip()
    with ticker.site.journal.reading() as connection:
        assert counts(connection) == {"sealed": 2, "discovered": 1}


def test_a_run_that_still_trains_is_in_flight_although_its_batch_has_ended(ticker: Ticker) -> None:
    ticker.site.put(1, rows(1, 10))
    ticker.run(ticker.request(), DagsterRunStatus.STARTED, **MYSELF)
    ticker.site.take_in()
    for day in (2, 3):
        ticker.site.put(day, rows(day, 10))
        found = ticker.tick().run_requests
        assert bool(found) == (day == 2)
        if found:
            ticker.run(found[0], DagsterRunStatus.STARTED, **MYSELF)


def test_a_run_by_hand_goes_first(ticker: Ticker) -> None:
    run = DagsterRun(job_name=NAME, status=DagsterRunStatus.STARTED, tags=MYSELF)
    ticker.instance.add_run(run)
    ticker.site.put(1, rows(1, 10))
    assert run.run_id in ticker.skip()


def test_after_the_run_record_there_is_nothing_to_do(ticker: Ticker) -> None:
    ticker.site.put(1, rows(1, 10))
    ticker.request()
    ticker.site.take_in()
    finish_stages(ticker.site)
    assert ticker.skip() == "nothing new"


def test_an_overwritten_key_is_new_again(ticker: Ticker) -> None:
    ticker.site.put(1, rows(1, 10))
    first = ticker.request()
    ticker.site.take_in()
    finish_stages(ticker.site)
    ticker.site.put(1, rows(1, 11))
    assert ticker.request().run_key != first.run_key


def test_an_intake_whose_stages_did_not_finish_is_asked_for_until_they_do(ticker: Ticker) -> None:
    ticker.site.put(1, rows(1, 10))
    ticker.site.take_in()
    first = ticker.request()
    assert first.run_key == "record-1:1"
    ticker.run(first, DagsterRunStatus.FAILURE)
    assert ticker.request().run_key == "record-1:2"
    finish_stages(ticker.site, stale=("model",))
    assert ticker.request().run_key == "record-1:2"
    finish_stages(ticker.site)
    assert ticker.skip() == "nothing new"


def test_a_run_that_failed_after_its_record_is_done_again_until_it_succeeds(ticker: Ticker) -> None:
    """Killed in tracking, say: the ledger is complete, and yet something is left to do."""
    ticker.site.put(1, rows(1, 10))
    run = ticker.run(ticker.request(), DagsterRunStatus.FAILURE)
    ticker.site.take_in()
    finish_stages(ticker.site, run=run)
    again = ticker.request()
    assert again.run_key == "record-2:1"
    ticker.run(again, DagsterRunStatus.FAILURE)
    again = ticker.request()
    assert again.run_key == "record-2:2"
    ticker.run(again, DagsterRunStatus.SUCCESS)
    assert ticker.skip() == "nothing new"


def test_what_is_left_to_track_does_not_hold_up_what_is_new(ticker: Ticker) -> None:
    ticker.site.put(1, rows(1, 10))
    run = ticker.run(ticker.request(), DagsterRunStatus.FAILURE)
    ticker.site.take_in()
    finish_stages(ticker.site, run=run)
    ticker.site.put(2, rows(2, 20))
    assert str(ticker.request().run_key).startswith("batch-")


def test_a_run_that_a_person_stopped_after_its_record_is_left_alone(ticker: Ticker) -> None:
    ticker.site.put(1, rows(1, 10))
    run = ticker.run(ticker.request(), DagsterRunStatus.CANCELED)
    ticker.site.take_in()
    finish_stages(ticker.site, run=run)
    assert ticker.skip() == "nothing new"


def test_attempts_wait_longer_each_time_and_then_the_tick_fails_visibly(
    site: Site, instance: DagsterInstance
) -> None:
    ticker = Ticker(site, instance, max_attempts=2, backoff_seconds=3600)
    site.put(1, rows(1, 10))
    ticker.run(ticker.request(), DagsterRunStatus.FAILURE)
    assert "next attempt at" in ticker.skip()
    patient = Ticker(site, instance, max_attempts=2, backoff_seconds=0)
    patient.run(patient.request(), DagsterRunStatus.FAILURE)
    with pytest.raises(LandingGaveUp, match="2 of 2 attempts"):
        patient.tick()


def test_what_was_given_up_is_held_in_sight_and_a_new_generation_of_it_is_released(
    site: Site, instance: DagsterInstance
) -> None:
    ticker = Ticker(site, instance, max_attempts=1, backoff_seconds=0)
    site.put(1, rows(1, 10))
    site.put(2, rows(2, 20))
    ticker.run(ticker.request(), DagsterRunStatus.FAILURE)
    for _ in range(2):
        with pytest.raises(LandingGaveUp, match="1 of 1 attempts"):
            ticker.tick()
    site.put(1, rows(1, 11))

    assert str(ticker.request().run_key).startswith("batch-")
    with site.journal.reading() as connection:
        assert counts(connection) == {"held": 1, "sealed": 1}


def test_an_idle_tick_writes_nothing_into_the_event_log(ticker: Ticker) -> None:
    ticker.site.put(1, rows(1, 10))
    assert len(ticker.tick().asset_events) == 1
    ticker.site.take_in()
    finish_stages(ticker.site)
    assert ticker.tick().asset_events == []


def test_a_new_sensor_knows_the_same_from_the_ledger(ticker: Ticker, instance: DagsterInstance) -> None:
    ticker.site.put(1, rows(1, 10))
    ticker.site.take_in()
    finish_stages(ticker.site)
    assert ticker.skip() == Ticker(ticker.site, instance).skip() == "nothing new"


def test_a_missing_bucket_is_told_with_its_name_and_endpoint(site: Site, instance: DagsterInstance) -> None:
    with pytest.raises(BucketMissing, match="'no-such-bucket' at http"):
        Ticker(site, instance, bucket="no-such-bucket").tick()


@pytest.mark.parametrize("identity", [A_DEAD_ONE, RECYCLED])
def test_a_run_whose_process_is_gone_is_reported_failed_and_blocks_nothing(
    ticker: Ticker, instance: DagsterInstance, identity: dict[str, str]
) -> None:
    ticker.site.put(1, rows(1, 10))
    dead = ticker.run(ticker.request(), DagsterRunStatus.STARTED, **identity)
    assert ticker.request().run_key is not None
    found = instance.get_run_by_id(dead.run_id)
    assert found is not None
    assert found.status is DagsterRunStatus.FAILURE


def test_a_run_of_a_living_process_or_another_host_is_left_alone(
    ticker: Ticker, instance: DagsterInstance
) -> None:
    ticker.site.put(1, rows(1, 10))
    request = ticker.request()
    ticker.run(request, DagsterRunStatus.STARTED, **MYSELF)
    ticker.run(request, DagsterRunStatus.STARTED, **(A_DEAD_ONE | {TAG_HOST: "another-host"}))
    assert report_dead_runs(instance, NAME) == []


def test_a_run_that_has_not_started_is_neither_dead_nor_forgotten(
    ticker: Ticker, instance: DagsterInstance
) -> None:
    ticker.site.put(1, rows(1, 10))
    run = ticker.run(ticker.request(), DagsterRunStatus.NOT_STARTED)
    assert report_dead_runs(instance, NAME) == []
    assert list(active_runs(instance, NAME).values()) == [run.run_id]


def test_a_run_that_never_said_who_it_is_is_given_up_on_in_time(
    ticker: Ticker, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticker.site.put(1, rows(1, 10))
    run = ticker.run(ticker.request(), DagsterRunStatus.STARTED)
    assert report_dead_runs(instance, NAME) == []
    monkeypatch.setattr("ml_assets.landing.runs.UNIDENTIFIED_SECONDS", -1)
    assert report_dead_runs(instance, NAME) == [run.run_id]


def test_schedule_and_sensor_are_off_unless_settings_say_otherwise(site: Site) -> None:
    def statuses(**settings: object) -> tuple[str, str]:
        configured = site.settings.model_copy(update=settings)
        built = build_landing_definitions(
            Landing(settings=configured, ledger=site.ledger, raw=AssetKey("raw"), root=site.root)
        )
        (sensor,), (schedule,) = built.sensors or (), built.schedules or ()
        assert isinstance(sensor, SensorDefinition)
        assert isinstance(schedule, ScheduleDefinition)
        return sensor.default_status.value, schedule.default_status.value

    assert statuses() == ("STOPPED", "STOPPED")
    assert statuses(sensor="running", daily_schedule=True) == ("RUNNING", "RUNNING")
