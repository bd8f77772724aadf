"""What does one new day on top of 90 cost, from the put to the record, beside every tutorial's recipe?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from benchmarks.benchmark import Benchmark, Better, Sides
from benchmarks.clone import Clone
from benchmarks.errors import RecordMissing
from benchmarks.stages import materialize
from benchmarks.workshop import HISTORY_DAYS, Workshop, workshop
from ml_assets.demo.feed import FIRST_DAY, Feed, land
from ml_assets.ledger.record import RunRecord
from ml_assets.ledger.store import Ledger

PREFIX = "landing/"
OUR_BUCKET = "ml-assets"
THEIR_BUCKET = "by-hand"
# raw and all below it, as the landing's job selects: intake, stages, push, record, MLflow run.
LANDING = 'key:"raw"+'
POLL_SECONDS = 0.01


@dataclass
class Days:
    """Puts day after day into a bucket: the history at once, then one each time."""

    shop: Workshop
    bucket: str
    feed: Feed
    next_day: date = FIRST_DAY

    def put(self, count: int = 1) -> None:
        days = self.feed.days(first=self.next_day, count=count)
        land(self.shop.s3.client(), self.bucket, PREFIX, days, feed=self.feed)
        self.next_day = days[-1] + timedelta(days=1)


@contextmanager
def prepare() -> Iterator[Sides]:
    feed = Feed()
    with workshop() as shop:
        yield Sides(ours=_ours(shop, feed), theirs=_theirs(shop, feed))


def _ours(shop: Workshop, feed: Feed) -> Callable[[], float]:
    clone, days = shop.clone("ours"), Days(shop, OUR_BUCKET, feed)
    days.put(HISTORY_DAYS)
    clone.run(*materialize(LANDING))
    ledger = Ledger.open(".ml_assets/ledger", root=clone.root)

    def one_day() -> float:
        newest = ledger.head()
        started = time.perf_counter()
        days.put()
        ended = _until_run_record(clone, ledger, after=newest.number if newest else 0)
        return ended - started

    return one_day


def _until_run_record(clone: Clone, ledger: Ledger, *, after: int) -> float:
    """Run the landing to its end; the time when its run record appeared, before the MLflow run is made."""
    with clone.running(*materialize(LANDING)) as process:
        while True:
            ended = process.ended
            if any(isinstance(record, RunRecord) for record in ledger.records(after=after)):
                recorded = time.perf_counter()
                process.finish()
                return recorded
            if ended:
                process.finish()
                raise RecordMissing(root=clone.root)
            time.sleep(POLL_SECONDS)


def _theirs(shop: Workshop, feed: Feed) -> Callable[[], float]:
    shop.s3.make_bucket(THEIR_BUCKET)
    clone, days = shop.clone("by-hand"), Days(shop, THEIR_BUCKET, feed)
    clone.run("dvc", "remote", "modify", "--local", "s3remote", "url", f"s3://{THEIR_BUCKET}/dvc")

    def recipe() -> None:
        clone.run("python", "-m", "benchmarks.sync", THEIR_BUCKET, PREFIX, "data/raw")
        clone.run("dvc", "add", "data/raw")
        clone.run("dvc", "repro")
        clone.run("dvc", "push")

    def one_day() -> float:
        started = time.perf_counter()
        days.put()
        recipe()
        return time.perf_counter() - started

    days.put(HISTORY_DAYS)
    recipe()
    return one_day


BENCHMARK = Benchmark(
    name="one-day-on-90",
    question="How long is it from the put of one new day, on top of 90, to the record of the whole graph?",
    peer="S3 sync by boto3, dvc add, dvc repro, dvc push",
    aim=1.3,
    better=Better.LOWER,
    unit="s",
    prepare=prepare,
)
