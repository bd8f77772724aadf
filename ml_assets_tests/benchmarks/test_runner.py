from __future__ import annotations

import pytest

from benchmarks.comparison import Pair
from benchmarks.runner import compare
from ml_assets_tests.benchmarks.stub import Calls, benchmark


def silent(_: str) -> None:
    pass


def test_pairs_alternate_and_so_does_the_side_that_begins() -> None:
    calls = Calls()
    compare(benchmark(calls), pairs=3, tell=silent)
    assert calls.order == [
        "prepared",
        *("ours", "theirs"),
        *("theirs", "ours"),
        *("ours", "theirs"),
        "cleaned up",
    ]


def test_warm_ups_run_both_sides_and_are_not_measured() -> None:
    calls = Calls(ours=(100.0, 2.0), theirs=(100.0, 1.0))
    found = compare(benchmark(calls, warm_ups=1), pairs=2, tell=silent)
    assert found.pairs == (Pair(2.0, 1.0), Pair(2.0, 1.0))


def test_numbers_stay_with_their_side_whichever_began() -> None:
    calls = Calls(ours=(10.0, 20.0), theirs=(1.0, 2.0))
    found = compare(benchmark(calls), pairs=2, tell=silent)
    assert found.pairs == (Pair(10.0, 1.0), Pair(20.0, 2.0))


def test_each_pair_is_told() -> None:
    told: list[str] = []
    compare(benchmark(Calls(ours=(3.0,), theirs=(2.0,))), pairs=2, tell=told.append)
    assert told[-1] == "some: pair 2 of 2: 3.00 s / 2.00 s = 1.50"


def test_a_failing_side_ends_the_benchmark_and_what_was_prepared_is_cleaned_up() -> None:
    calls = Calls(theirs=())
    with pytest.raises(RuntimeError, match="theirs failed"):
        compare(benchmark(calls), pairs=5, tell=silent)
    assert calls.order == ["prepared", "ours", "theirs", "cleaned up"]
