from __future__ import annotations

import pytest

from benchmarks.comparison import Comparison, Pair


def comparison(*pairs: tuple[float, float]) -> Comparison:
    return Comparison(tuple(Pair(ours=ours, theirs=theirs) for ours, theirs in pairs))


def test_the_ratio_is_the_median_of_the_pairs_ratios() -> None:
    found = comparison((2, 1), (3, 1), (10, 1))
    assert found.ratio == 3


def test_a_machine_that_slows_down_halfway_does_not_move_the_ratio() -> None:
    quiet, busy = (1.2, 1.0), (12.0, 10.0)
    found = comparison(quiet, quiet, busy, busy, busy)
    assert found.ratio == pytest.approx(1.2)
    # The control: the ratio of the medians is moved as soon as the slow spell begins within a pair.
    begins_within = comparison(quiet, quiet, (1.2, 10.0), busy, busy)
    assert begins_within.ours / begins_within.theirs == pytest.approx(0.12)
    assert begins_within.ratio == pytest.approx(1.2)


def test_the_spread_is_the_smallest_and_the_largest_ratio() -> None:
    assert comparison((4, 2), (9, 3), (1, 1)).spread == (1, 3)


def test_each_side_shows_its_own_median() -> None:
    found = comparison((1, 10), (2, 30), (9, 20))
    assert (found.ours, found.theirs) == (2, 20)
