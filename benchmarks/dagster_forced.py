"""What does Dagster add when all stages really run?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.benchmark import Benchmark, Better, Sides
from benchmarks.stages import STAGES, Work, finished_stages, materialize, timed

FORCE = {"ops": {"pipeline": {"config": {"redo": "ALL"}}}}


@contextmanager
def prepare() -> Iterator[Sides]:
    with finished_stages() as clone:
        yield Sides(
            ours=timed(clone, Work.REWRITES, *materialize(STAGES, FORCE)),
            theirs=timed(clone, Work.REWRITES, "dvc", "repro", "--force"),
        )


BENCHMARK = Benchmark(
    name="dagster-forced",
    question="How long does a forced Dagster run of all stages take, its start included?",
    peer="dvc repro -f",
    aim=0.75,
    better=Better.LOWER,
    unit="s",
    prepare=prepare,
)
