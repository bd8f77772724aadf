"""What does a tick of the sensor take: when nothing happened, and when ten thousand files have landed?"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dagster import AssetKey, DagsterInstance, SensorResult, build_sensor_context

from benchmarks.benchmark import Benchmark, Better, Sides
from benchmarks.errors import WrongTick
from benchmarks.listed_bucket import PREFIX, listed_bucket
from ml_assets.demo.s3 import EmbeddedS3
from ml_assets.landing.s3_settings import LandingS3
from ml_assets.landing.sensor import Landing, build_landing_sensor
from ml_assets.landing.settings import LandingSettings
from ml_assets.ledger.store import Ledger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FILES = 10_000
BATCHES = 10
QUEUE = "landing"


@contextmanager
def _bucket_and_queue(folder: Path) -> Iterator[S3Client]:
    """A bucket of FILES objects and an empty queue, in the environment of this process; a client of it."""
    with listed_bucket(FILES) as endpoint, EmbeddedS3(data=folder / "s3", port=0) as s3:
        s3.setup_clients().create_queue(QUEUE, {})
        before = dict(os.environ)
        os.environ.update({**s3.env(), "AWS_ENDPOINT_URL_S3": endpoint})
        try:
            yield LandingS3().client()
        finally:
            os.environ.clear()
            os.environ.update(before)


def _ticking(folder: Path, **settings: object) -> Callable[[], SensorResult]:
    """One tick as the daemon evaluates it, over a Dagster instance on disk."""
    landing = Landing(
        settings=LandingSettings.model_validate(
            {"bucket": "b", "prefix": PREFIX, "queue": QUEUE, "batch_wait_seconds": 0, **settings}
        ),
        ledger=Ledger.open("ledger", root=folder),
        raw=AssetKey("raw"),
        root=folder,
    )
    sensor = build_landing_sensor(landing)
    (folder / "dagster").mkdir()
    instance = DagsterInstance.local_temp(str(folder / "dagster"))

    def tick() -> SensorResult:
        with build_sensor_context(instance=instance, resources={"landing_s3": LandingS3()}) as context:
            result = sensor(context)
        if not isinstance(result, SensorResult):
            raise WrongTick(expected="a result", found=repr(result))
        return result

    return tick


@contextmanager
def _idle() -> Iterator[Sides]:
    """Nothing was put and no pass is due: the queue is asked, and the journal."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        with _bucket_and_queue(folder) as client:
            # Known, and not to be taken in.
            tick = _ticking(folder, ignore=["*"], reconcile_seconds=3600)
            tick()

            def ours() -> float:
                started = time.perf_counter()
                if tick().run_requests:
                    raise WrongTick(expected="no run", found="some")
                return time.perf_counter() - started

            yield Sides(ours=ours, theirs=lambda: _helper(client))


@contextmanager
def _ten_thousand() -> Iterator[Sides]:
    """The first tick of a new journal: all is listed, sealed and asked for."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        with _bucket_and_queue(folder) as client:

            def ours() -> float:
                with tempfile.TemporaryDirectory(dir=folder) as fresh:
                    tick = _ticking(Path(fresh), batches_in_flight=BATCHES, max_batch_files=FILES // BATCHES)
                    started = time.perf_counter()
                    found = len(tick().run_requests or ())
                    seconds = time.perf_counter() - started
                if found != BATCHES:
                    raise WrongTick(expected=f"{BATCHES} runs", found=str(found))
                return seconds

            yield Sides(ours=ours, theirs=lambda: _helper(client))


def _helper(client: S3Client) -> float:
    from dagster_aws.s3.sensor import get_objects

    started = time.perf_counter()
    get_objects("b", PREFIX, client=client)
    return time.perf_counter() - started


IDLE = Benchmark(
    name="landing-idle-tick",
    question=f"How long is a tick when nothing happened, with a queue and {FILES:,} objects known?",
    peer="dagster_aws.s3.sensor.get_objects, which such a sensor calls in each tick",
    aim=0.5,
    better=Better.LOWER,
    unit="s",
    prepare=_idle,
)
TEN_THOUSAND = Benchmark(
    name="landing-ten-runs",
    question=f"How long is the tick that finds {FILES:,} new objects and asks for {BATCHES} runs?",
    peer="dagster_aws.s3.sensor.get_objects, which finds them and asks for nothing yet",
    aim=10,
    better=Better.LOWER,
    unit="s",
    prepare=_ten_thousand,
)
