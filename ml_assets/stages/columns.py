"""The columns of the tables between the stages, and which of them no model may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_assets.stages.errors import LeakRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

TARGET = "disrupted"

# What the timetable says. `date`, `flight` and `sched_dep_time` say which flight a row is; they are no
# features: a date or a flight number of the past says nothing about the next one.
IDENTITY = ("date", "flight", "sched_dep_time")
CATEGORICAL = ("carrier", "origin", "dest")
SCHEDULE = (*IDENTITY, *CATEGORICAL, "sched_arr_time", "hour", "minute", "distance")

# Observed at the origin in the hour before the scheduled departure.
WEATHER = (
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
)

# Each is known only when the flight has left, or never will. `tailnum` looks harmless, but a flight without
# one is always a cancelled flight.
OUTCOME = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "tailnum")


def refuse_leaks(columns: Iterable[str], where: str) -> None:
    """Raise LeakRefused if a column tells what is known only after departure."""
    leaks = sorted({*columns} & {*OUTCOME, TARGET})
    if leaks:
        raise LeakRefused(
            f"{', '.join(leaks)} may not be a feature (asked for in {where}): it is known only after "
            f"departure, so the model would look good here and fail on real flights. Remove it from there"
        )


def feature_columns(columns: Iterable[str], where: str) -> list[str]:
    """Those columns of the table `features` that a model learns from, in their order; raises LeakRefused."""
    features = [column for column in columns if column not in (*IDENTITY, TARGET)]
    refuse_leaks(features, where)
    return features
