"""benchmarks/results.json: the newest result of each benchmark, for people and for whoever compares runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from benchmarks.benchmark import Benchmark, Better
from benchmarks.comparison import Comparison
from benchmarks.errors import ResultsUnreadable

RESULTS = Path(__file__).with_name("results.json")


class Result(BaseModel):
    """What came out: `ratio` is the median of the pairs' ratios ours / theirs, `spread` their range.

    `ours` and `theirs` are medians in `unit`, `runs` is the number of pairs, `command` repeats it all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    ratio: float
    aim: float
    better: Better
    ours: float
    theirs: float
    unit: str
    peer: str
    runs: int
    spread: tuple[float, float]
    command: str

    @classmethod
    def of(cls, benchmark: Benchmark, found: Comparison) -> Self:
        low, high = found.spread
        return cls(
            name=benchmark.name,
            ratio=round(found.ratio, 3),
            aim=benchmark.aim,
            better=benchmark.better,
            ours=round(found.ours, 4),
            theirs=round(found.theirs, 4),
            unit=benchmark.unit,
            peer=benchmark.peer,
            runs=len(found.pairs),
            spread=(round(low, 3), round(high, 3)),
            command=benchmark.command,
        )

    @property
    def reached(self) -> bool:
        """Whether the ratio is as good as was aimed at."""
        return self.ratio <= self.aim if self.better is Better.LOWER else self.ratio >= self.aim


_RESULTS = TypeAdapter(tuple[Result, ...])


def read_results(path: Path) -> tuple[Result, ...]:
    """The results in `path`; none where there is no such file. Raises ResultsUnreadable."""
    if not path.exists():
        return ()
    try:
        return _RESULTS.validate_json(path.read_bytes())
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in found["loc"])
        raise ResultsUnreadable(path, f"{place or 'the whole'}: {found['msg']}") from error


def keep_results(path: Path, new: Iterable[Result]) -> tuple[Result, ...]:
    """Put `new` into `path` in the place of older ones of their names; all others stay. Returns all.

    Raises ResultsUnreadable.
    """
    merged = {result.name: result for result in read_results(path)}
    merged |= {result.name: result for result in new}
    results = tuple(merged.values())
    scratch = path.with_suffix(f".{os.getpid()}")
    scratch.write_bytes(_RESULTS.dump_json(results, indent=2) + b"\n")
    scratch.replace(path)
    return results
