"""What does it cost to be told by Dagster that nothing changed?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.benchmark import Benchmark, Better, Sides
from benchmarks.stages import STAGES, Work, finished_stages, materialize, timed


@contextmanager
def prepare() -> Iterator[Sides]:
    with finished_stages() as clone:
        yield Sides(
            ours=timed(clone, Work.LEAVES, *materialize(STAGES)),
            theirs=timed(clone, Work.LEAVES, "dvc", "repro"),
        )


BENCHMARK = Benchmark(
    name="dagster-unchanged",
    question="How long does an unchanged Dagster run of all stages take, its start included?",
    peer="dvc repro, nothing changed",
    aim=3.0,
    better=Better.LOWER,
    unit="s",
    prepare=prepare,
    pairs=11,
)
