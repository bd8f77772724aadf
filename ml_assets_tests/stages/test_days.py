"""Folders with one file a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ml_assets.stages.days import FILE, by_day, day_files, file, keep_only, some_day_files
from ml_assets.stages.days import write as write_day
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


def test_days_of_before_are_removed_and_nothing_else_is_lost(tmp_path: Path) -> None:
    for number in (1, 2):
        write_day(tmp_path, date(2013, 1, number), TABLE)
    keep_only(tmp_path, [date(2013, 1, 2)])
    assert [each.name for each in tmp_path.iterdir()] == ["2013-01-02.parquet"]
    write(tmp_path, {"notes.txt": "mine"})
    with pytest.raises(StrayFile):
        keep_only(tmp_path, [])
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_day_is_written_where_it_is_looked_for(tmp_path: Path) -> None:
    written = write_day(tmp_path, date(2013, 1, 1), TABLE)
    assert written == file(tmp_path, date(2013, 1, 1))
    assert pl.read_parquet(written).equals(TABLE)


def test_rows_go_back_to_the_files_that_they_came_from(tmp_path: Path) -> None:
    files = {date(2013, 1, number): tmp_path / f"2013-01-0{number}.csv" for number in (1, 2, 3)}
    rows = pl.DataFrame({"x": [3, 1, 2], FILE: [str(files[date(2013, 1, n)]) for n in (3, 1, 3)]})
    found = by_day(rows, files)
    assert {day.day: table["x"].to_list() for day, table in found.items()} == {1: [1], 2: [], 3: [3, 2]}
    assert all(table.schema == {"x": pl.Int64} for table in found.values())
