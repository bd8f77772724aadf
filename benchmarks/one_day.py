"""What does one new day on top of many cost, from the put to the record, beside every tutorial's recipe?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice

from benchmarks.benchmark import Benchmark, Better, Sides
from benchmarks.clone import Clone
from benchmarks.errors import RecordMissing
from benchmarks.stages import materialize
from benchmarks.workshop import Workshop, workshop
from benchmarks.years import Years
from ml_assets.ledger.record import Record, RunRecord
from ml_assets.ledger.store import Ledger

PREFIX = "landing/"
OUR_BUCKET = "ml-assets"
THEIR_BUCKET = "by-hand"
FIRST_YEAR = 2013
POLL_SECONDS = 0.01
# A run takes in one batch: all of the history is to fit into it.
WHOLE_HISTORY = 10_000


@dataclass(frozen=True, kw_only=True)
class Graph:
    """What is computed: as the landing's job selects it, and as `dvc repro` is told."""

    selection: str
    targets: tuple[str, ...] = ()


# raw and all below it: intake, stages, push, record, MLflow run.
WHOLE = Graph(selection='key:"raw"+')
WITHOUT_TRAINING = Graph(selection='key:"raw" or key:"processed" or key:"features"', targets=("features",))


class Days:
    """Puts day after day into a bucket: the history at once, then one each time."""

    def __init__(self, shop: Workshop, bucket: str, years: Years) -> None:
        self.client = shop.s3.client()
        self.bucket = bucket
        self.years = years
        self.coming = years.days()

    def put(self, count: int = 1) -> None:
        for day in islice(self.coming, count):
            for name, body in self.years.csv_of(day).items():
                self.client.put_object(Bucket=self.bucket, Key=f"{PREFIX}{name}", Body=body)


@contextmanager
def beside_the_recipe(history: int, graph: Graph) -> Iterator[Sides]:
    years = Years(FIRST_YEAR)
    with workshop() as shop:
        yield Sides(ours=ours(shop, years, history, graph), theirs=_theirs(shop, years, history, graph))


@contextmanager
def beside_fewer_days(many: int, few: int) -> Iterator[Sides]:
    """Both are ours: what a landing costs may not grow with what has landed."""
    years = Years(FIRST_YEAR)
    with workshop() as large, workshop() as small:
        yield Sides(
            ours=ours(large, years, many, WITHOUT_TRAINING), theirs=ours(small, years, few, WITHOUT_TRAINING)
        )


def ours(shop: Workshop, years: Years, history: int, graph: Graph) -> Callable[[], float]:
    """Measures the landing of one more day, after `history` days have landed and gone through."""
    clone, days = shop.clone("ours"), Days(shop, OUR_BUCKET, years)
    settings = clone.root / "pyproject.toml"
    table = "[tool.ml_assets.landing]\n"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace(table, f"{table}max_batch_files = {WHOLE_HISTORY}\n"), encoding="utf-8")
    days.put(history)
    clone.run(*materialize(graph.selection))
    ledger = Ledger.open(".ml_assets/ledger", root=clone.root)

    def one_day() -> float:
        newest = ledger.head()
        started = time.perf_counter()
        days.put()
        ended = _until_run_record(clone, ledger, graph, after=newest)
        return ended - started

    return one_day


def _until_run_record(clone: Clone, ledger: Ledger, graph: Graph, *, after: Record | None) -> float:
    """Run the landing to its end; the time when its run record appeared, before the MLflow run is made."""
    with clone.running(*materialize(graph.selection)) as process:
        while True:
            ended = process.ended
            new = ledger.records(after=after.number if after else 0)
            if any(isinstance(record, RunRecord) for record in new):
                recorded = time.perf_counter()
                process.finish()
                return recorded
            if ended:
                process.finish()
                raise RecordMissing(root=clone.root)
            time.sleep(POLL_SECONDS)


def _theirs(shop: Workshop, years: Years, history: int, graph: Graph) -> Callable[[], float]:
    shop.s3.make_bucket(THEIR_BUCKET)
    clone, days = shop.clone("by-hand"), Days(shop, THEIR_BUCKET, years)
    clone.run("dvc", "remote", "modify", "--local", "s3remote", "url", f"s3://{THEIR_BUCKET}/dvc")

    def recipe() -> None:
        clone.run("python", "-m", "benchmarks.sync", THEIR_BUCKET, PREFIX, "data/raw")
        clone.run("dvc", "add", "data/raw")
        clone.run("dvc", "repro", *graph.targets)
        clone.run("dvc", "push")

    def one_day() -> float:
        started = time.perf_counter()
        days.put()
        recipe()
        return time.perf_counter() - started

    days.put(history)
    recipe()
    return one_day


def _on(history: int, graph: Graph, *, name: str, what: str, aim: float) -> Benchmark:
    return Benchmark(
        name=name,
        question=f"How long is it from the put of one new day, on top of {history}, to the record of {what}?",
        peer="S3 sync by boto3, dvc add, dvc repro, dvc push",
        aim=aim,
        better=Better.LOWER,
        unit="s",
        prepare=partial(beside_the_recipe, history, graph),
    )


ON_90 = _on(90, WHOLE, name="one-day-on-90", what="the whole graph", aim=1.3)
ON_365 = _on(365, WHOLE, name="one-day-on-365", what="the whole graph", aim=0.6)
UNTRAINED = _on(
    365, WITHOUT_TRAINING, name="one-day-on-365-untrained", what="raw, processed and features", aim=0.3
)
ON_3650 = Benchmark(
    name="one-day-on-3650",
    question="How long does the landing of one day take, without training, when 3,650 days are there?",
    peer="ours, when 365 days are there",
    aim=1.5,
    better=Better.LOWER,
    unit="s",
    prepare=partial(beside_fewer_days, 3650, 365),
)
