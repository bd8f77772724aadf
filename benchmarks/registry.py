"""All benchmarks, by name; a new one is a module here and a line in this list."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import (
    cold_clone,
    dagster_forced,
    dagster_unchanged,
    definitions_load,
    landing_listing,
    landing_queue,
    landing_tick,
    ledger_index,
    one_day,
    side_by_side,
    stages_forced,
    twenty_experiments,
    unchanged,
)
from benchmarks.benchmark import Benchmark
from benchmarks.errors import UnknownBenchmark

BENCHMARKS = {
    each.name: each
    for each in (
        definitions_load.BENCHMARK,
        dagster_unchanged.BENCHMARK,
        dagster_forced.BENCHMARK,
        one_day.ON_90,
        one_day.ON_365,
        one_day.UNTRAINED,
        one_day.ON_3650,
        stages_forced.BENCHMARK,
        side_by_side.SIXTEEN,
        side_by_side.SIXTEEN_DAGSTER,
        side_by_side.SIX,
        unchanged.TWENTY,
        unchanged.TWO_HUNDRED,
        cold_clone.SECONDS,
        cold_clone.REQUESTS,
        twenty_experiments.BENCHMARK,
        landing_listing.TEN_THOUSAND,
        landing_listing.HUNDRED_THOUSAND,
        landing_listing.MILLION,
        landing_listing.MEMORY,
        landing_queue.BENCHMARK,
        landing_tick.IDLE,
        landing_tick.TEN_THOUSAND,
        *ledger_index.BENCHMARKS,
    )
}
ON_REQUEST = {each.name: each for each in (ledger_index.HUNDRED_THOUSAND,)}
"""Too long for `make bench`: they run when their whole name is given."""


def chosen(names: Sequence[str]) -> tuple[Benchmark, ...]:
    """The benchmarks of these names, and of names that begin so (`landing`: all `landing-…`).

    All of them when none is named. Raises UnknownBenchmark.
    """
    if not names:
        return tuple(BENCHMARKS.values())
    return tuple(dict.fromkeys(each for name in names for each in _named(name)))


def _named(name: str) -> list[Benchmark]:
    if (exact := (BENCHMARKS | ON_REQUEST).get(name)) is not None:
        return [exact]
    found = [each for each in BENCHMARKS.values() if each.name.startswith(f"{name}-")]
    if not found:
        raise UnknownBenchmark(name, BENCHMARKS | ON_REQUEST)
    return found
