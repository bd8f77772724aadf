"""How long does it take to find that nothing changed?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.benchmark import Benchmark, Better, Sides
from benchmarks.generated import timed_run, two_projects

CHAIN = 10
PARAMS = 7


def pipeline(stages: int) -> dict[str, str]:
    """Chains of ten stages, each with a param and a file."""
    lines = ["stages:"]
    for number in range(stages):
        read = "seed.txt" if number % CHAIN == 0 else f"out/{number - 1}.txt"
        lines += [
            f"  s{number}:",
            f"    cmd: cat {read} > out/{number}.txt && echo {number} >> out/{number}.txt",
            f"    deps: [{read}]",
            f"    params: [p{number % PARAMS}]",
            f"    outs: [out/{number}.txt]",
        ]
    params = "".join(f"p{number}: {number}\n" for number in range(PARAMS))
    return {"dvc.yaml": "\n".join(lines) + "\n", "params.yaml": params, "seed.txt": "1\n", "out/.gitkeep": ""}


@contextmanager
def prepare(stages: int) -> Iterator[Sides]:
    with two_projects(pipeline(stages)) as (ours, theirs):
        ours.run("ml-assets", "repro")
        theirs.run("ml-assets", "repro")
        yield Sides(
            ours=timed_run(ours, 0, "ml-assets", "repro"),
            theirs=timed_run(theirs, 0, "dvc", "repro"),
        )


def _benchmark(stages: int, aim: float) -> Benchmark:
    return Benchmark(
        name=f"unchanged-{stages}",
        question=f"How long does `ml-assets repro` take where none of {stages} stages changed?",
        peer="dvc repro",
        aim=aim,
        better=Better.LOWER,
        unit="s",
        prepare=partial(prepare, stages),
        pairs=11,
    )


TWENTY = _benchmark(20, 0.7)
TWO_HUNDRED = _benchmark(200, 0.5)
