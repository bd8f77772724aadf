"""Disruption rates come from strictly earlier days."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_assets.stages.columns import TARGET
from ml_assets.stages.errors import ParamInvalid
from ml_assets.stages.history import History, Smoothing
from ml_assets_tests.stages.tables import FIRST, HISTORY, features, flight, processed

Days = dict[dt.date, pl.DataFrame]


def on(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def make_days(delays: dict[int, list[int]]) -> Days:
    """Days by number from the first, a flight for each delay."""
    return {
        on(number): processed(
            flight(on(number), flight=n, arr_delay=delay) for n, delay in enumerate(each, 1)
        )
        for number, each in delays.items()
    }


def known(table: pl.DataFrame) -> pl.DataFrame:
    return table.drop(TARGET)


outcomes = st.lists(st.lists(st.sampled_from([0, 30]), min_size=1, max_size=4), min_size=2, max_size=10)


@settings(max_examples=30, deadline=None)
@given(each=outcomes, data=st.data())
def test_what_becomes_of_a_day_never_changes_its_own_or_earlier_features(
    each: list[list[int]], data: st.DataObject
) -> None:
    changed = data.draw(st.integers(0, len(each) - 1))
    turned = [[30 - delay for delay in delays] if n >= changed else delays for n, delays in enumerate(each)]
    before, after = (features(make_days(dict(enumerate(delays)))) for delays in (each, turned))
    for number in range(changed + 1):
        assert known(before[on(number)]).equals(known(after[on(number)]))


def test_what_became_of_a_day_does_change_the_next_day_s_features() -> None:
    quiet, bad = ({0: [delay] * 4, 1: [0]} for delay in (0, 30))
    assert not known(features(make_days(quiet))[on(1)]).equals(known(features(make_days(bad))[on(1)]))


def test_windows_count_days_of_the_calendar_and_not_days_that_landed() -> None:
    rates = features(make_days({0: [30] * 10, 3: [0], 7: [0], 8: [0]}))
    seven = {number: rates[on(number)]["carrier_rate_7d"].item() for number in (3, 7, 8)}
    # (disrupted + 10 * 0.25) / (flights + 10): the ten of the first day are in until the seventh day after.
    assert seven == {3: 12.5 / 20, 7: 12.5 / 21, 8: 2.5 / 12}
    assert rates[on(3)]["carrier_rate_1d"].item() == 0.25


def test_a_destination_never_flown_to_has_the_prior() -> None:
    days = make_days({0: [30] * 5})
    days[on(1)] = processed([flight(on(1), dest="HNL", arr_delay=0)])
    row = features(days)[on(1)].row(0, named=True)
    assert row["dest_rate_1d"] == row["dest_rate_7d"] == 0.25
    assert row["carrier_rate_1d"] == (5 + 2.5) / 15


def test_planned_traffic_counts_cancelled_flights_too() -> None:
    day = processed(
        [
            flight(FIRST, flight=1),
            flight(FIRST, flight=2, dep_time=None, arr_delay=None),
            flight(FIRST, hour=9),
        ]
    )
    assert sorted(features({FIRST: day})[FIRST]["planned_traffic"].to_list()) == [1, 2, 2]


@pytest.mark.parametrize("windows", [(), (0, 1), (-1,), ("7",)])
def test_a_window_without_earlier_days_is_refused(windows: tuple[int, ...]) -> None:
    with pytest.raises(ParamInvalid, match=r"features\.windows"):
        History(windows=windows, smoothing=HISTORY.smoothing)


@pytest.mark.parametrize(("prior", "weight"), [(1.5, 10), (0.25, 0)])
def test_smoothing_that_gives_no_rate_is_refused(prior: float, weight: float) -> None:
    with pytest.raises(ParamInvalid, match=r"features\.prior"):
        Smoothing(prior=prior, weight=weight)
