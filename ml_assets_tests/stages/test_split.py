"""The split is by time, and says so when there are too few days."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_assets.stages.errors import ParamInvalid, TooFewDays
from ml_assets.stages.split import MINIMUM_DAYS, hold_out, validation


def days(count: int) -> list[dt.date]:
    return [dt.date(2013, 1, 1) + dt.timedelta(days=n) for n in range(count)]


def test_of_a_whole_year_exactly_october_to_december_are_held_out() -> None:
    split = hold_out(days(365), 0.25)
    assert split.training[-1] == dt.date(2013, 9, 30)
    assert split.held_out[0] == dt.date(2013, 10, 1)
    assert len(split.held_out) == 92


@given(
    count=st.integers(MINIMUM_DAYS, 800), fraction=st.floats(0.01, 0.5), validation_days=st.integers(1, 400)
)
def test_each_part_has_days_and_they_follow_each_other(
    count: int, fraction: float, validation_days: int
) -> None:
    outer = hold_out(days(count), fraction)
    inner = validation(outer.training, validation_days)
    assert [*inner.training, *inner.held_out, *outer.held_out] == days(count)
    assert inner.training
    assert inner.held_out
    assert outer.held_out
    assert len(inner.held_out) <= max(1, len(inner.training))


def test_a_fraction_that_floating_point_makes_a_little_more_is_not_rounded_up() -> None:
    assert len(hold_out(days(30), 0.1).held_out) == 3


def test_too_few_days_says_how_many_to_land_and_where() -> None:
    with pytest.raises(TooFewDays) as refused:
        hold_out(days(5), 0.25)
    message = str(refused.value)
    assert "has 5 days" in message
    assert "land at least 3 more in data/raw/flights and data/raw/weather" in message


@pytest.mark.parametrize("fraction", [0, -1, 0.51, 2])
def test_a_fraction_that_leaves_nothing_to_train_or_judge_on_is_refused(fraction: float) -> None:
    with pytest.raises(ParamInvalid, match=r"split\.test_fraction"):
        hold_out(days(20), fraction)


def test_no_validation_days_are_refused() -> None:
    with pytest.raises(ParamInvalid, match=r"split\.validation_days"):
        validation(days(20), 0)
