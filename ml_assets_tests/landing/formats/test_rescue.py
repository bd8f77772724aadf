"""Rescue: good rows become raw in the file's own format, the others are kept with a reason for each."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

import dataframely as dy
import polars as pl
import pyarrow.parquet as pq
import pytest

from ml_assets.landing.errors import Rejected
from ml_assets.landing.examine import examine
from ml_assets.landing.rescue import Cleaned
from ml_assets_tests.landing.formats.files import (
    GOOD,
    SUFFIXES,
    OfTrips,
    Row,
    decoded,
    encoded,
    expected,
)

Rescue = Callable[..., Cleaned | None]
RESCUE = OfTrips(policy="rescue")
BAD: tuple[Row, ...] = (
    {"city": "NYC", "miles": 1, "note": "fine"},
    {"city": "", "miles": -5, "note": "two things"},
    {"city": "BOS", "miles": 22, "note": None},
)


@pytest.fixture
def rescued(tmp_path: Path) -> Rescue:
    def run(rows: Sequence[Row], suffix: str, contract: OfTrips = RESCUE, name: str = "a") -> Cleaned | None:
        staged = tmp_path / "000001"
        staged.write_bytes(encoded(rows, suffix))
        return examine(staged, PurePosixPath(f"trips/{name}{suffix}"), contract).cleaned

    return run


def rejects_of(cleaned: Cleaned | None) -> list[dict[str, Any]]:
    assert cleaned is not None
    return [json.loads(line) for line in cleaned.rejects.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_good_rows_stay_in_the_format_of_the_file(rescued: Rescue, suffix: str) -> None:
    cleaned = rescued(BAD, suffix)

    assert cleaned is not None
    assert decoded(cleaned.good, suffix) == expected([BAD[0], BAD[2]], suffix)
    assert cleaned.sha256 == sha256(cleaned.good.read_bytes()).hexdigest()
    assert cleaned.rejected_rows == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_rejected_row_says_where_it_was_and_each_rule_that_it_breaks(rescued: Rescue, suffix: str) -> None:
    (row,) = rejects_of(rescued(BAD, suffix))

    assert row["row"] == 2
    assert row["place"] == {".csv": "line 3", ".par": "row 2"}.get(suffix[:4], "line 2")
    # An empty text of the CSV is none.
    value = "an empty value" if suffix.startswith(".csv") else "''"
    rule = "city|nullability" if suffix.startswith(".csv") else "city|min_length"
    assert sorted(row["faults"], key=str) == [
        {"column": "city", "rule": rule, "value": value},
        {"column": "miles", "rule": "miles|min", "value": "-5"},
    ]
    assert row["values"]["note"] == "two things"


@pytest.mark.parametrize("suffix", [each for each in SUFFIXES if each != ".parquet"])
def test_a_value_of_another_type_takes_its_row_out_and_breaks_no_other_rule(
    rescued: Rescue, suffix: str
) -> None:
    (row,) = rejects_of(rescued([*GOOD, {"city": "LAX", "miles": "far", "note": None}], suffix))

    assert [fault["rule"] for fault in row["faults"]] == ["is Int64"]
    assert "far" in row["faults"][0]["value"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_unknown_columns_are_moved_beside(rescued: Rescue, suffix: str) -> None:
    cleaned = rescued([dict(row) | {"fare": 7} for row in BAD], suffix)

    assert cleaned is not None
    assert cleaned.unknown_columns == ("fare",)
    assert decoded(cleaned.good, suffix) == expected([BAD[0], BAD[2]], suffix)
    first, second, third = rejects_of(cleaned)
    assert str(first["unknown_columns"]["fare"]) == str(third["unknown_columns"]["fare"]) == "7"
    assert str(second["values"]["fare"]) == "7"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_equal_files_give_equal_bytes_whenever_it_is(
    rescued: Rescue, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # gzip writes down when it was.
    times = itertools.count(0.0, 1000.0)
    monkeypatch.setattr(time, "time", lambda: next(times))

    def both() -> tuple[bytes, bytes]:
        cleaned = rescued(BAD, suffix)
        assert cleaned is not None
        return cleaned.good.read_bytes(), cleaned.rejects.read_bytes()

    assert both() == both()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_good_file_stays_as_it_landed(rescued: Rescue, suffix: str) -> None:
    assert rescued(GOOD, suffix) is None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_without_a_good_row_is_refused_whole(rescued: Rescue, suffix: str) -> None:
    with pytest.raises(Rejected, match="no row of it is good: 1 of 1 rows break the rule"):
        rescued(BAD[1:2], suffix)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_missing_column_leaves_no_row_to_rescue(rescued: Rescue, suffix: str) -> None:
    with pytest.raises(Rejected, match="missing column: note"):
        rescued([{"city": "NYC", "miles": 1}], suffix)


def test_values_of_a_csv_stay_as_they_were_written(rescued: Rescue, tmp_path: Path) -> None:
    staged = tmp_path / "x"
    staged.write_bytes(b'note,city,miles\n"",NYC,007\n,BOS,+5\n"a\nb",LAX,-1\n')

    cleaned = examine(staged, PurePosixPath("trips/a.csv"), RESCUE).cleaned

    assert cleaned is not None
    assert cleaned.good.read_bytes() == b'note,city,miles\n"",NYC,007\n,BOS,+5\n'


def test_lines_of_json_stay_to_the_byte_where_nothing_is_taken_out_of_them(tmp_path: Path) -> None:
    staged = tmp_path / "x"
    odd = '{"note": "\\u00e9",  "miles": 1, "city":"NYC"}\n'
    staged.write_text(odd + '{"city": "", "miles": 1, "note": null}\n')

    cleaned = examine(staged, PurePosixPath("trips/a.jsonl"), RESCUE).cleaned

    assert cleaned is not None
    assert cleaned.good.read_text() == odd


def test_a_parquet_keeps_its_types(rescued: Rescue, tmp_path: Path) -> None:
    staged = tmp_path / "x"
    pl.DataFrame(BAD, schema_overrides={"miles": pl.Int16}).write_parquet(staged)
    before = pq.read_schema(staged)

    cleaned = examine(staged, PurePosixPath("trips/a.parquet"), RESCUE).cleaned

    assert cleaned is not None
    assert pq.read_schema(cleaned.good).equals(before)


class Dated(dy.Schema):
    day = dy.Date(nullable=False)


@dataclass(frozen=True)
class OfDays(OfTrips):
    schema: type[dy.Schema] = Dated
    date_columns: tuple[str, ...] = ("day",)
    file_name: str = "%Y-%m-%d.csv"


def test_a_row_of_another_day_is_taken_out(rescued: Rescue) -> None:
    rows = [{"day": "2013-01-02"}, {"day": "2013-01-05"}, {"day": "noon"}]

    another, none = rejects_of(rescued(rows, ".csv", OfDays(policy="rescue"), name="2013-01-02"))

    assert another["faults"] == [{"column": None, "rule": "day of the file's name", "value": "2013-01-05"}]
    assert [fault["rule"] for fault in none["faults"]] == ["is Date"]


def test_rules_about_many_rows_are_asked_too(rescued: Rescue) -> None:
    class Once(dy.Schema):
        city = dy.String(primary_key=True)

    contract = OfTrips(schema=Once, policy="rescue")
    cleaned = rescued([{"city": "NYC"}, {"city": "BOS"}, {"city": "NYC"}], ".csv", contract)

    assert [row["row"] for row in rejects_of(cleaned)] == [1, 3]
