"""Small tables of flights and weather, as they land and as `processed` leaves them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from ml_assets.stages import columns
from ml_assets.stages import features as stage
from ml_assets.stages.history import History, Smoothing
from ml_assets.stages.processed import join_days

HISTORY = History(windows=(1, 7), smoothing=Smoothing(prior=0.25, weight=10))
FIRST = dt.date(2013, 1, 1)


def flight(day: dt.date, **values: Any) -> dict[str, Any]:
    """A landed flight of 8:15 that arrived on time, but for the given values."""
    usual = {
        "year": day.year, "month": day.month, "day": day.day, "hour": 8, "minute": 15,
        "sched_dep_time": 815, "dep_time": 815, "dep_delay": 0,
        "sched_arr_time": 1000, "arr_time": 1000, "arr_delay": 0, "air_time": 90,
        "carrier": "UA", "flight": 1, "tailnum": "N1", "origin": "EWR", "dest": "IAH", "distance": 500,
        "time_hour": f"{day}T13:00:00Z",
    }  # fmt: skip
    return usual | values


def weather(day: dt.date, hour: int, **values: Any) -> dict[str, Any]:
    """An hour at EWR of 40 °F, but for the given values; instruments that are not given are out."""
    return {
        "origin": "EWR", "year": day.year, "month": day.month, "day": day.day, "hour": hour,
        **dict.fromkeys(columns.WEATHER), "temp": 40.0, "time_hour": f"{day}T{hour:02}:00:00Z",
    } | values  # fmt: skip


def processed(
    flights: Iterable[Mapping[str, Any]], hours: Iterable[Mapping[str, Any]] = (), *, late_minutes: int = 15
) -> pl.DataFrame:
    """What `processed` makes of these landed rows; without hours, of a day without weather."""
    observed = list(hours)
    types = dict.fromkeys(columns.WEATHER, pl.Float64)
    return join_days(
        pl.LazyFrame(list(flights), schema_overrides=dict.fromkeys(columns.OUTCOME[:-1], pl.Int64)),
        pl.LazyFrame(observed, schema_overrides=types) if observed else None,
        late_minutes=late_minutes,
    ).collect()


def features(days: Mapping[dt.date, pl.DataFrame], history: History = HISTORY) -> dict[dt.date, pl.DataFrame]:
    """What `features` makes of these processed days."""
    made = stage.features(pl.concat(days.values()).lazy(), history=history).collect()
    return {day: made.filter(pl.col("date") == day) for day in days}
