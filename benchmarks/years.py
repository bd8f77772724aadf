"""The real year as many years as are asked for, each with its own dates: 3,650 days of flights."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from ml_assets.demo.feed import FIRST_DAY, Feed, Files

REAL_YEAR = FIRST_DAY.year
# In flights the year comes first, in weather the origin does.
_YEAR = re.compile(rb"^((?:[A-Z]{3},)?)2013,", re.MULTILINE)


@dataclass(frozen=True)
class Years:
    """Days of the years from `first` on, without those of 29 February; each is that day of 2013."""

    first: int
    feed: Feed = field(default_factory=Feed)

    def days(self) -> Iterator[date]:
        day = date(self.first, 1, 1)
        while True:
            if (day.month, day.day) != (2, 29):
                yield day
            day += timedelta(days=1)

    def csv_of(self, day: date) -> Files:
        """The day's files, by relative name."""
        real = self.feed.csv_of(day.replace(year=REAL_YEAR))
        return {
            name.replace(str(REAL_YEAR), str(day.year)): _YEAR.sub(rb"\g<1>%d," % day.year, body)
            for name, body in real.items()
        }
