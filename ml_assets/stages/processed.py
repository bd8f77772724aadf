"""Stage `processed`: each day's flights with the weather of the hour before, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ml_assets.stages import columns, days, params, paths, script

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

PARAMS = ("target.late_minutes",)

# The instruments have readings that cannot be, such as one of 1,048 mph at Newark on 2013-02-12.
PLAUSIBLE_WIND_MPH = 200

_DATE = ("year", "month", "day", "hour")
_NAMES = ("carrier", "origin", "dest", "tailnum")
_INTEGERS = (*_DATE, "minute", "sched_dep_time", "sched_arr_time", "flight", "distance")
_OUTCOMES = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time")


def read_flights(files: Iterable[Path]) -> pl.LazyFrame:
    """Landed days of flights, with days.FILE: times of day as hhmm, delays in minutes, distance in miles."""
    return _read(
        files, {**dict.fromkeys(_NAMES, pl.String), **dict.fromkeys((*_INTEGERS, *_OUTCOMES), pl.Int64)}
    )


def read_weather(files: Iterable[Path]) -> pl.LazyFrame:
    """Landed days of hourly weather: Fahrenheit, %, degrees, mph, inches, millibars, miles."""
    numbers = {**dict.fromkeys(_DATE, pl.Int64), **dict.fromkeys(columns.WEATHER, pl.Float64)}
    return _read(files, {"origin": pl.String, **numbers})


def _read(files: Iterable[Path], types: Mapping[str, type[pl.DataType]]) -> pl.LazyFrame:
    # Each for itself, since their columns may be in any order; they must all be there.
    scans = (
        pl.scan_csv(file, infer_schema=False, schema_overrides=types, include_file_paths=days.FILE)
        for file in files
    )
    return pl.concat(scan.select(*types, days.FILE) for scan in scans)


def join_days(flights: pl.LazyFrame, weather: pl.LazyFrame | None, *, late_minutes: int) -> pl.LazyFrame:
    """One row a flight: schedule, weather of the hour before, outcome, and whether it was disrupted.

    `weather` has to reach back to the last hour of the day before; None leaves the weather empty. Of further
    columns, days.FILE is kept.
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
    wanted = (*columns.SCHEDULE, *columns.WEATHER, *columns.OUTCOME, columns.TARGET, f"^{days.FILE}$")
    return joined.select(*wanted).sort(
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


def main() -> None:
    late_minutes = params.read(PARAMS)["target.late_minutes"]
    flights = days.some_day_files(paths.RAW_FLIGHTS, ".csv")
    weather = days.day_files(paths.RAW_WEATHER, ".csv")
    # As one table: with a plan for each day the stage takes twice as long.
    table = join_days(
        read_flights(flights.values()),
        read_weather(weather.values()) if weather else None,
        late_minutes=late_minutes,
    ).collect()
    tables = days.by_day(table, flights)
    days.write_days(paths.PROCESSED, tables)
    report(tables, weather)


def report(tables: Mapping[dt.date, pl.DataFrame], weather: Collection[dt.date]) -> None:
    rows = sum(table.height for table in tables.values())
    disrupted = sum(table[columns.TARGET].sum() for table in tables.values())
    span = f"{len(tables)} days, {min(tables)} to {max(tables)}"
    print(f"{span}: {rows} flights, {disrupted / rows:.1%} disrupted")
    without = [str(day) for day in tables if day not in weather]
    if without:
        print(f"no weather landed for {len(without)} of them: {', '.join(without[:5])}")


if __name__ == "__main__":
    script.run(main)
