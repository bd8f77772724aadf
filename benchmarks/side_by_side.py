"""What do independent stages side by side save, by our command line and as a Dagster run?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.benchmark import Benchmark, Better, Sides
from benchmarks.clone import Clone
from benchmarks.generated import materialize_all, timed_run, two_projects

FORCE = json.dumps({"ops": {"pipeline": {"config": {"redo": "ALL"}}}})


def pipeline(width: int, seconds: float, *, join: bool) -> dict[str, str]:
    """`width` stages that sleep, and one that reads them all."""
    lines = ["stages:"]
    for number in range(width):
        lines += [
            f"  s{number}:",
            f"    cmd: sleep {seconds} && echo {number} > out{number}.txt && echo s{number} >> ran.txt",
            "    deps: [seed.txt]",
            f"    outs: [out{number}.txt]",
        ]
    if join:
        names = [f"out{number}.txt" for number in range(width)]
        lines += ["  join:", "    cmd: cat out*.txt > joined.txt && echo join >> ran.txt", "    deps:"]
        lines += [f"      - {name}" for name in names]
        lines += ["    outs: [joined.txt]"]
    return {"dvc.yaml": "\n".join(lines) + "\n", "seed.txt": "1\n", ".gitignore": "/ran.txt\n/.ml_assets/\n"}


@contextmanager
def by_hand(width: int, seconds: float, jobs: int, *, join: bool) -> Iterator[Sides]:
    """`ml-assets repro -f -j JOBS` beside `dvc repro -f`."""
    with two_projects(pipeline(width, seconds, join=join)) as (ours, theirs):
        stages = width + join
        yield Sides(
            ours=timed_run(ours, stages, "ml-assets", "repro", "--force", "--jobs", str(jobs)),
            theirs=timed_run(theirs, stages, "dvc", "repro", "--force"),
        )


@contextmanager
def by_dagster(width: int, seconds: float, jobs: int) -> Iterator[Sides]:
    """A Dagster run, less the time of one that materializes an empty asset, beside `dvc repro -f`."""
    with two_projects(pipeline(width, seconds, join=True)) as (ours, theirs):
        (ours.root / "ml_assets.toml").write_text(f"jobs = {jobs}\n", encoding="utf-8")
        command = (*materialize_all(), "--config-json", FORCE)
        yield Sides(
            ours=_less_start(ours, timed_run(ours, width + 1, *command)),
            theirs=timed_run(theirs, width + 1, "dvc", "repro", "--force"),
        )


def _less_start(project: Clone, measure: Callable[[], float]) -> Callable[[], float]:
    # Dagster's own start, measured right before, as the aim is stated without it.
    return lambda: -project.seconds(*materialize_all("empty.py")) + measure()


SIXTEEN = Benchmark(
    name="sixteen-stages",
    question="How long do 16 stages of 0.5 s and one that reads them take at -j 4?",
    peer="dvc repro -f, which runs one after the other",
    aim=0.45,
    better=Better.LOWER,
    unit="s",
    prepare=partial(by_hand, 16, 0.5, 4, join=True),
)
SIXTEEN_DAGSTER = Benchmark(
    name="sixteen-stages-dagster",
    question="How long does a Dagster run of the same take, less that of an empty asset?",
    peer="dvc repro -f",
    aim=0.45,
    better=Better.LOWER,
    unit="s",
    prepare=partial(by_dagster, 16, 0.5, 4),
)
SIX = Benchmark(
    name="six-stages",
    question="How long do six stages of 2 s take at -j 6?",
    peer="dvc repro -f",
    aim=0.45,
    better=Better.LOWER,
    unit="s",
    prepare=partial(by_hand, 6, 2.0, 6, join=False),
)
