"""What landed files must be like before they may become raw data: one contract a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import dataframely as dy

# A day that is not one (31 February) is found by comparing with the file's name.
_YEARS = (1987, 2100)
_HOUR_IN_UTC = r"^\d{4}-\d{2}-\d{2}T\d{2}:00:00Z$"
_AIRPORT = r"^[A-Z0-9]{3}$"


@dataclass(frozen=True)
class Contract:
    """`file_name` is a strptime pattern; its day must be the one that `date_columns` say in each row.

    `policy` is what becomes of a file that does not conform: see docs/how-to/contracts.md.
    """

    schema: type[dy.Schema]
    date_columns: tuple[str, ...] = ("year", "month", "day")
    file_name: str = "%Y-%m-%d.csv"
    policy: Literal["quarantine", "fail", "evolve", "rescue"] = "quarantine"


class Flights(dy.Schema):
    """A day's flights. Times of day are local, as hhmm (2400 is midnight at its end); delays in minutes.

    What happened is empty for a cancelled flight, and the arrival for a diverted one. The ranges are wide:
    they are to find a shifted column or another unit, not unusual flights, for one bad row holds back a day.
    """

    year = dy.Int64(nullable=False, min=_YEARS[0], max=_YEARS[1])
    month = dy.Int64(nullable=False, min=1, max=12)
    day = dy.Int64(nullable=False, min=1, max=31)
    dep_time = dy.Int64(nullable=True, min=0, max=2400)
    sched_dep_time = dy.Int64(nullable=False, min=0, max=2359)
    dep_delay = dy.Int64(nullable=True, min=-300, max=5000)
    arr_time = dy.Int64(nullable=True, min=0, max=2400)
    sched_arr_time = dy.Int64(nullable=False, min=0, max=2400)
    arr_delay = dy.Int64(nullable=True, min=-300, max=5000)
    carrier = dy.String(nullable=False, regex=r"^[A-Z0-9]{2}$")
    flight = dy.Int64(nullable=False, min=1, max=9999)
    tailnum = dy.String(nullable=True, min_length=1, max_length=8)
    origin = dy.String(nullable=False, regex=_AIRPORT)
    dest = dy.String(nullable=False, regex=_AIRPORT)
    air_time = dy.Int64(nullable=True, min=1, max=1500)
    distance = dy.Int64(nullable=False, min=1, max=12000)
    hour = dy.Int64(nullable=False, min=0, max=23)
    minute = dy.Int64(nullable=False, min=0, max=59)
    time_hour = dy.String(nullable=False, regex=_HOUR_IN_UTC)


class Weather(dy.Schema):
    """A day's hourly weather at each origin: Fahrenheit, %, degrees, mph, inches, millibars, miles.

    Every instrument is out for hours at times. There is no greatest wind: a real day has 1,048 mph in it, and
    `processed` takes such readings out; the other readings of that day are good.
    """

    origin = dy.String(nullable=False, regex=_AIRPORT)
    year = dy.Int64(nullable=False, min=_YEARS[0], max=_YEARS[1])
    month = dy.Int64(nullable=False, min=1, max=12)
    day = dy.Int64(nullable=False, min=1, max=31)
    hour = dy.Int64(nullable=False, min=0, max=23)
    temp = dy.Float64(nullable=True, min=-60, max=135)
    dewp = dy.Float64(nullable=True, min=-80, max=100)
    humid = dy.Float64(nullable=True, min=0, max=100)
    wind_dir = dy.Float64(nullable=True, min=0, max=360)
    wind_speed = dy.Float64(nullable=True, min=0)
    wind_gust = dy.Float64(nullable=True, min=0)
    precip = dy.Float64(nullable=True, min=0, max=20)
    pressure = dy.Float64(nullable=True, min=850, max=1100)
    visib = dy.Float64(nullable=True, min=0, max=100)
    time_hour = dy.String(nullable=False, regex=_HOUR_IN_UTC)


CONTRACTS = {"flights": Contract(schema=Flights), "weather": Contract(schema=Weather)}
