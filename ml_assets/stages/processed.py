"""Stage `processed`: each day's flights with the weather of the hour before, and what became of them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from ml_assets.stages import columns, daily, days, params, paths, script
from ml_assets.stages.errors import StrayRows
from ml_assets.stages.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
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
    given = params.read(PARAMS)
    flights = days.some_day_files(paths.RAW_FLIGHTS, ".csv")
    weather = days.day_files(paths.RAW_WEATHER, ".csv")
    memory = Memory.of("processed", given)
    keys = {day: memory.key({"flights": flights[day], **_weather_of(day, weather)}) for day in flights}

    def compute(wanted: Sequence[dt.date]) -> Mapping[dt.date, pl.DataFrame]:
        hours = {path for day in wanted for path in _weather_of(day, weather).values() if path}
        return join_files(
            {day: flights[day] for day in wanted},
            [path for path in weather.values() if path in hours],
            late_minutes=given["target.late_minutes"],
        )

    report(keys, daily.make_days(paths.PROCESSED, keys, memory, compute), weather)


def _weather_of(day: dt.date, weather: Mapping[dt.date, Path]) -> dict[str, Path | None]:
    """What a day's flights need: those just after midnight have the weather of the evening before."""
    return {"weather": weather.get(day), "evening": weather.get(day - dt.timedelta(days=1))}


def join_files(
    flights: Mapping[dt.date, Path], weather: Sequence[Path], *, late_minutes: int
) -> Mapping[dt.date, pl.DataFrame]:
    """`join_days` of each of these days. Raises StrayRows."""
    # As one table: with a plan for each day the stage takes twice as long.
    landed = read_flights(flights.values()).collect()
    observed = read_weather(weather).collect() if weather else None
    refuse_stray_rows(landed)
    if observed is not None:
        refuse_stray_rows(observed)
    joined = join_days(
        landed.lazy(), observed.lazy() if observed is not None else None, late_minutes=late_minutes
    )
    return days.by_day(joined.collect(), flights)


def refuse_stray_rows(table: pl.DataFrame) -> None:
    """Raise StrayRows if a row, read with days.FILE, is of another day than its file is named after."""
    named = pl.col(days.FILE).str.extract(r"(\d{4}-\d{2}-\d{2})\.csv$").str.to_date("%Y-%m-%d")
    dates = table.select(days.FILE, found=pl.date("year", "month", "day"), named=named)
    stray = dates.filter(pl.col("found").ne_missing(pl.col("named")))
    if stray.height:
        file, found, _ = stray.row(0)
        raise StrayRows(
            f"{file} has {stray.height} rows of another day, such as {found}: put them into that day's "
            f"file, for each day is computed from its own files alone"
        )


def report(
    keys: Mapping[dt.date, str], computed: Mapping[dt.date, pl.DataFrame], weather: Collection[dt.date]
) -> None:
    print(daily.in_words(keys, computed))
    if rows := sum(table.height for table in computed.values()):
        disrupted = sum(table[columns.TARGET].sum() for table in computed.values())
        print(f"{disrupted / rows:.1%} of the flights computed were disrupted")
    without = [str(day) for day in keys if day not in weather]
    if without:
        print(f"no weather landed for {len(without)} of the days: {', '.join(without[:5])}")


if __name__ == "__main__":
    script.run(main)
