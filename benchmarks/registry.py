"""All benchmarks, by name; a new one is a module here and a line in this list."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import dagster_forced, dagster_unchanged, definitions_load, one_day_on_90
from benchmarks.benchmark import Benchmark
from benchmarks.errors import UnknownBenchmark

BENCHMARKS = {
    each.BENCHMARK.name: each.BENCHMARK
    for each in (definitions_load, dagster_unchanged, dagster_forced, one_day_on_90)
}


def chosen(names: Sequence[str]) -> tuple[Benchmark, ...]:
    """The benchmarks of these names; all of them when none is named. Raises UnknownBenchmark."""
    for name in names:
        if name not in BENCHMARKS:
            raise UnknownBenchmark(name, BENCHMARKS)
    return tuple(BENCHMARKS[name] for name in names or BENCHMARKS)
