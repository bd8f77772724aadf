"""Stage `processed`: each day's flights with the weather of the hour before, and what became of them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from ml_assets.stages import columns, days, params, paths, script

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PARAMS = ("target.late_minutes",)

# The instruments have readings that cannot be, such as one of 1,048 mph at Newark on 2013-02-12.
PLAUSIBLE_WIND_MPH = 200

_DATE = ("year", "month", "day", "hour")
_INTEGERS = (*_DATE, "minute", "sched_dep_time", "sched_arr_time", "flight", "distance")
_OUTCOMES = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time")


def read_flights(file: Path) -> pl.LazyFrame:
    """One landed day of flights, times of day as hhmm, delays in minutes, distance in miles."""
    types = dict.fromkeys((*_INTEGERS, *_OUTCOMES), pl.Int64)
    return pl.scan_csv(file, infer_schema=False, schema_overrides=types)


def read_weather(file: Path) -> pl.LazyFrame:
    """One landed day of hourly weather: Fahrenheit, %, degrees, mph, inches, millibars, miles."""
    types = {**dict.fromkeys(_DATE, pl.Int64), **dict.fromkeys(columns.WEATHER, pl.Float64)}
    return pl.scan_csv(file, infer_schema=False, schema_overrides=types)


def join_day(flights: pl.LazyFrame, weather: pl.LazyFrame | None, *, late_minutes: int) -> pl.LazyFrame:
    """One row a flight: schedule, weather of the hour before, outcome, and whether it was disrupted.

    `weather` has to reach back to the last hour of the day before; None leaves the weather empty.
    """
    joined = flights.with_columns(
        date=pl.date("year", "month", "day"),
        before=pl.datetime("year", "month", "day", "hour") - pl.duration(hours=1),
        # Cancelled and diverted flights have no arrival delay.
        **{columns.TARGET: (pl.col("arr_delay") >= late_minutes).fill_null(value=True).cast(pl.Int8)},
    )
    if weather is None:
        joined = joined.with_columns(pl.lit(None, pl.Float64).alias(name) for name in columns.WEATHER)
    else:
        joined = joined.join(hourly(weather), on=["origin", "before"], how="left", maintain_order="left")
    return joined.select(*columns.SCHEDULE, *columns.WEATHER, *columns.OUTCOME, columns.TARGET).sort(
        # Landed files are ordered by actual departure, which nobody knows beforehand.
        "sched_dep_time", "origin", "carrier", "flight", maintain_order=True,
    )  # fmt: skip


def hourly(weather: pl.LazyFrame) -> pl.LazyFrame:
    """One row an origin and hour (`before`), implausible wind removed."""
    return (
        weather.with_columns(
            before=pl.datetime("year", "month", "day", "hour"),
            wind_speed=pl.when(pl.col("wind_speed") <= PLAUSIBLE_WIND_MPH).then("wind_speed"),
        )
        .select("origin", "before", *columns.WEATHER)
        # The hour that the end of summer time repeats is there twice.
        .unique(["origin", "before"], keep="first", maintain_order=True)
    )


def weather_for(day: dt.date, files: Mapping[dt.date, Path]) -> pl.LazyFrame | None:
    """The weather of the day and of the one before, whose last hour precedes the first departures."""
    wanted = (day - dt.timedelta(days=1), day)
    found = [read_weather(files[each]) for each in wanted if each in files]
    return pl.concat(found) if found else None


def main() -> None:
    late_minutes = params.read(PARAMS)["target.late_minutes"]
    flights = days.some_day_files(paths.RAW_FLIGHTS, ".csv")
    weather = days.day_files(paths.RAW_WEATHER, ".csv")
    # One by one: `collect_all` of a year's plans looks for what they share, for ten times as long.
    tables = {
        day: join_day(read_flights(file), weather_for(day, weather), late_minutes=late_minutes).collect()
        for day, file in flights.items()
    }
    days.write_days(paths.PROCESSED, tables)
    report(tables, weather)


def report(tables: Mapping[dt.date, pl.DataFrame], weather: Mapping[dt.date, Path]) -> None:
    rows = sum(table.height for table in tables.values())
    disrupted = sum(table[columns.TARGET].sum() for table in tables.values())
    span = f"{len(tables)} days, {min(tables)} to {max(tables)}"
    print(f"{span}: {rows} flights, {disrupted / rows:.1%} disrupted")
    without = [str(day) for day in tables if day not in weather]
    if without:
        print(f"no weather landed for {len(without)} of them: {', '.join(without[:5])}")


if __name__ == "__main__":
    script.run(main)
