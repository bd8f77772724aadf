"""What does a look at a bucket cost, as it grows: our listing pass beside dagster-aws's helper?"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.benchmark import Benchmark, Better, Sides
from benchmarks.listed_bucket import PREFIX, listed_bucket

SIDES = ("ours", "theirs")


def measure(side: str, endpoint: str, folder: Path) -> tuple[float, float]:
    """Seconds, and megabytes above what the process had before, of one look in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.landing_listing", side, endpoint, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes


@contextmanager
def prepare(keys: int, what: int) -> Iterator[Sides]:
    """`what` of the pair that `measure` returns. Our journal knows all of it, as it does most of the time."""
    with listed_bucket(keys) as endpoint, tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        # The first pass finds them, the second that its pages are as the journal has them.
        for _ in range(2):
            measure("ours", endpoint, Path(folder))

        def side(name: str) -> Callable[[], float]:
            return lambda: measure(name, endpoint, Path(folder))[what]

        yield Sides(ours=side("ours"), theirs=side("theirs"))


def _look(side: str, endpoint: str, folder: Path) -> Callable[[], object]:
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="k",  # noqa: S106 - the server looks at none
    )
    if side == "theirs":
        from dagster_aws.s3.sensor import get_objects

        return lambda: get_objects("b", PREFIX, client=client)

    from ml_assets.landing.discovery import Discovery
    from ml_assets.landing.intake import open_journal
    from ml_assets.landing.settings import LandingSettings

    settings = LandingSettings(bucket="b", prefix=PREFIX)
    return Discovery(client=client, settings=settings, journal=open_journal(settings, folder)).reconcile


def main(side: str, endpoint: str, folder: Path) -> None:
    look = _look(side, endpoint, folder)
    before, begin = _megabytes(), time.perf_counter()
    look()
    took = time.perf_counter() - begin
    sys.stdout.write(json.dumps([took, _megabytes() - before]))


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _benchmark(keys: int, label: str, aim: float) -> Benchmark:
    return Benchmark(
        name=f"landing-listing-{label}",
        question=f"How long does it take to see that none of {keys:,} objects is new?",
        peer="dagster_aws.s3.sensor.get_objects",
        aim=aim,
        better=Better.LOWER,
        unit="s",
        prepare=partial(prepare, keys, 0),
        warm_ups=0,
    )


TEN_THOUSAND = _benchmark(10_000, "10k", 0.3)
HUNDRED_THOUSAND = _benchmark(100_000, "100k", 0.15)
MILLION = _benchmark(1_000_000, "1m", 0.1)
MEMORY = Benchmark(
    name="landing-listing-memory",
    question="How much memory does a look at 100,000 objects take, above what the process had before?",
    peer="dagster_aws.s3.sensor.get_objects",
    aim=0.2,
    better=Better.LOWER,
    unit="MB",
    prepare=partial(prepare, 100_000, 1),
    warm_ups=0,
)


if __name__ == "__main__":
    os.environ.pop("AWS_PROFILE", None)
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
