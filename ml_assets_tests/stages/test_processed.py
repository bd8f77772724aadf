"""What `processed` joins, and what it calls a disrupted flight."""

from __future__ import annotations

import datetime as dt

import pytest

from ml_assets.stages import columns
from ml_assets_tests.stages.tables import FIRST, flight, processed, weather


@pytest.mark.parametrize(
    ("arr_delay", "disrupted"),
    [(14, 0), (15, 1), (-20, 0), pytest.param(None, 1, id="cancelled or diverted")],
)
def test_a_flight_is_disrupted_from_fifteen_minutes_or_without_an_arrival(
    arr_delay: int | None, disrupted: int
) -> None:
    assert processed([flight(FIRST, arr_delay=arr_delay)])["disrupted"].to_list() == [disrupted]


def test_the_weather_is_that_of_the_hour_before_departure() -> None:
    hours = [weather(FIRST, hour, temp=float(hour)) for hour in range(24)]
    assert processed([flight(FIRST, hour=8, minute=59)], hours)["temp"].to_list() == [7.0]


def test_a_flight_after_midnight_has_the_weather_of_the_evening_before() -> None:
    evening = weather(FIRST - dt.timedelta(days=1), 23, temp=-3.0)
    night = weather(FIRST, 0, temp=5.0)
    assert processed([flight(FIRST, hour=0, minute=5)], [evening, night])["temp"].to_list() == [-3.0]


def test_the_hour_that_summer_time_repeats_makes_no_flight_twice() -> None:
    twice = [weather(FIRST, 1, temp=50.0), weather(FIRST, 1, temp=48.0)]
    assert processed([flight(FIRST, hour=2)], twice)["temp"].to_list() == [50.0]


def test_a_wind_that_cannot_be_is_taken_out_and_the_rest_of_the_hour_kept() -> None:
    storm = weather(FIRST, 7, wind_speed=1048.36, temp=39.0)
    row = processed([flight(FIRST)], [storm]).row(0, named=True)
    assert row["wind_speed"] is None
    assert row["temp"] == 39.0


def test_a_day_without_weather_keeps_its_flights() -> None:
    table = processed([flight(FIRST)])
    assert table.select(columns.WEATHER).null_count().sum_horizontal().item() == len(columns.WEATHER)
    assert table.height == 1


def test_rows_are_in_the_order_of_the_timetable_and_not_of_what_happened() -> None:
    late, early = (
        flight(FIRST, sched_dep_time=600, dep_time=2300),
        flight(FIRST, sched_dep_time=900, dep_time=850),
    )
    assert processed([early, late]).equals(processed([late, early]))
    assert processed([early, late])["sched_dep_time"].to_list() == [600, 900]


def test_every_column_is_either_known_before_departure_or_forbidden() -> None:
    expected = {*columns.SCHEDULE, *columns.WEATHER, *columns.OUTCOME, columns.TARGET}
    assert set(processed([flight(FIRST)]).columns) == expected
    assert not {*columns.SCHEDULE, *columns.WEATHER} & {*columns.OUTCOME, columns.TARGET}
