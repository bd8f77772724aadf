"""Folders with one file a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ml_assets.stages.days import FILE, by_day, day_files, some_day_files, write_days
from ml_assets.stages.errors import NoDays, StrayFile
from ml_assets_tests.factories import write

TABLE = pl.DataFrame({"x": [1, 2]})


def test_days_are_listed_earliest_first(tmp_path: Path) -> None:
    write(tmp_path, {"2013-01-10.csv": "", "2013-01-02.csv": "", ".DS_Store": ""})
    assert list(day_files(tmp_path, ".csv")) == [date(2013, 1, 2), date(2013, 1, 10)]


@pytest.mark.parametrize(
    "name", ["2013-1-2.csv", "20130102.csv", "2013-01-02.csv.part", "2013-02-30.csv", "a.csv"]
)
def test_a_file_that_is_not_named_after_a_day_is_pointed_at(tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: ""})
    with pytest.raises(StrayFile, match=r"rename it after its day, or remove it"):
        day_files(tmp_path, ".csv")


def test_a_folder_without_days_says_what_to_land(tmp_path: Path) -> None:
    with pytest.raises(NoDays, match=r"land some"):
        some_day_files(tmp_path / "nothing", ".csv")


def test_writing_leaves_no_day_of_before(tmp_path: Path) -> None:
    write_days(tmp_path, {date(2013, 1, 1): TABLE, date(2013, 1, 2): TABLE})
    write_days(tmp_path, {date(2013, 1, 2): TABLE})
    assert [file.name for file in tmp_path.iterdir()] == ["2013-01-02.parquet"]


def test_rows_go_back_to_the_files_that_they_came_from(tmp_path: Path) -> None:
    files = {date(2013, 1, number): tmp_path / f"2013-01-0{number}.csv" for number in (1, 2, 3)}
    rows = pl.DataFrame({"x": [3, 1, 2], FILE: [str(files[date(2013, 1, n)]) for n in (3, 1, 3)]})
    found = by_day(rows, files)
    assert {day.day: table["x"].to_list() for day, table in found.items()} == {1: [1], 2: [], 3: [3, 2]}
    assert all(table.schema == {"x": pl.Int64} for table in found.values())
