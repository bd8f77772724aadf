"""Folders with one file a day: listing them, and writing one."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from ml_assets.stages.errors import NoDays, StrayFile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import polars as pl

# Where all days are read as one table, the file that a row is from.
FILE = "from_file"


def day_files(folder: Path, suffix: str) -> dict[dt.date, Path]:
    """The folder's files by day, earliest first; a missing folder has none.

    Raises StrayFile for a file that is not named `YYYY-MM-DD` + suffix.
    """
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return {_day(file, suffix): file for file in files if not file.name.startswith(".")}


def some_day_files(folder: Path, suffix: str) -> dict[dt.date, Path]:
    """As day_files, but raises NoDays when there are none."""
    files = day_files(folder, suffix)
    if not files:
        raise NoDays(
            f"{folder} holds no day: land some (`make data` does), or run the stage that makes it "
            f"(`dvc repro` runs all that are needed)"
        )
    return files


def by_day(rows: pl.DataFrame, files: Mapping[dt.date, Path]) -> dict[dt.date, pl.DataFrame]:
    """The rows of each of these files, by its day; each row says in the column FILE where it was read."""
    parts = rows.partition_by(FILE, as_dict=True, include_key=False, maintain_order=True)
    none = rows.clear().drop(FILE)
    return {day: parts.get((str(file),), none) for day, file in files.items()}


def file(folder: Path, day: dt.date) -> Path:
    """Where a day's table is."""
    return folder / f"{day}.parquet"


def keep_only(folder: Path, wanted: Collection[dt.date]) -> None:
    """Remove the tables of other days; raises StrayFile rather than delete what is no day's table."""
    folder.mkdir(parents=True, exist_ok=True)
    for day, each in day_files(folder, ".parquet").items():
        if day not in wanted:
            each.unlink()


def write(folder: Path, day: dt.date, table: pl.DataFrame) -> Path:
    """The file that now holds the day's table."""
    made = file(folder, day)
    # DVC may have linked the old one to its cache, where writing through would damage it.
    made.unlink(missing_ok=True)
    # One row group, whatever the number of threads: the bytes must not depend on the machine's cores.
    table.rechunk().write_parquet(made, row_group_size=max(1, table.height))
    return made


def _day(file: Path, suffix: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(file.name.removesuffix(suffix))
    except ValueError:
        day = None
    if day is None or file.name != f"{day}{suffix}":
        raise StrayFile(f"{file} is not named YYYY-MM-DD{suffix}: rename it after its day, or remove it")
    return day
