"""What do warm starts save when all stages of the flights really run?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.benchmark import Benchmark, Better, Sides
from benchmarks.stages import Work, finished_stages, timed


@contextmanager
def prepare() -> Iterator[Sides]:
    with finished_stages() as clone:
        yield Sides(
            ours=timed(clone, Work.REWRITES, "ml-assets", "repro", "--force"),
            theirs=timed(clone, Work.REWRITES, "dvc", "repro", "--force"),
        )


BENCHMARK = Benchmark(
    name="stages-forced",
    question="How long does a forced run of all stages take, the warm server's start included?",
    peer="dvc repro -f",
    aim=0.6,
    better=Better.LOWER,
    unit="s",
    prepare=prepare,
)
