"""Every format is held to the same contract, and told by the suffix of its name."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

import dataframely as dy
import polars as pl
import pytest

from ml_assets.landing.contract import Contract
from ml_assets.landing.errors import Rejected
from ml_assets.landing.examine import Conforming, examine
from ml_assets.landing.formats.reading import Reading
from ml_assets_tests.landing.formats.files import GOOD, SUFFIXES, OfTrips, Row, compressed, encoded

Examine = Callable[..., Conforming]
TEXTS = [suffix for suffix in SUFFIXES if suffix != ".parquet"]


@pytest.fixture
def examined(tmp_path: Path) -> Examine:
    def run(content: bytes, suffix: str, contract: Contract | None = None, **named: Any) -> Conforming:
        staged = tmp_path / "000001"
        staged.write_bytes(content)
        return examine(staged, PurePosixPath(f"trips/a{suffix}"), contract or OfTrips(), **named)

    return run


def place(row: int, suffix: str) -> str:
    """Where row `row` (from 1) of GOOD is: its third row begins on the third line after the header's."""
    if suffix == ".parquet":
        return f"row {row}"
    return f"line {row + (1 if suffix.startswith('.csv') else 0)}"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_keeps_the_contract_passes(examined: Examine, suffix: str) -> None:
    assert examined(encoded(GOOD, suffix), suffix).rows == 3


def replaced(row: int, **values: object) -> Sequence[Row]:
    return [dict(each) | (values if number == row else {}) for number, each in enumerate(GOOD, start=1)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_broken_rule_is_named_with_its_value_and_place(examined: Examine, suffix: str) -> None:
    with pytest.raises(Rejected) as caught:
        examined(encoded(replaced(2, miles=-5), suffix), suffix)

    assert caught.value.cause == "rows"
    where = place(2, suffix)
    assert caught.value.reason == f"1 of 3 rows break the rule 'miles|min' (first: -5 on {where})"


@pytest.mark.parametrize("suffix", TEXTS)
def test_a_value_of_another_type_is_named_with_its_place(examined: Examine, suffix: str) -> None:
    with pytest.raises(Rejected) as caught:
        examined(encoded(replaced(2, miles="far"), suffix), suffix)

    shown = "'far'" if suffix.startswith(".csv") else '"far"'
    where = place(2, suffix)
    assert caught.value.reason == f"column 'miles': 1 of 3 values are no Int64 (first: {shown} on {where})"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_missing_and_unexpected_columns_are_named(examined: Examine, suffix: str) -> None:
    rows = [{"city": row["city"], "miles": row["miles"], "fare": 7} for row in GOOD]

    with pytest.raises(Rejected, match="missing column: note; unexpected column: fare") as caught:
        examined(encoded(rows, suffix), suffix)

    assert caught.value.cause == "columns"


def test_a_parquet_column_of_another_type_is_retyped_as_a_whole(examined: Examine) -> None:
    with pytest.raises(Rejected, match="retyped columns: 'miles' is String where Int64 is asked") as caught:
        examined(encoded([dict(row) | {"miles": "1"} for row in GOOD], ".parquet"), ".parquet")

    assert caught.value.cause == "columns"


def test_a_parquet_of_a_narrower_or_wider_type_of_the_kind_passes_if_its_values_fit(
    examined: Examine,
) -> None:
    class Small(dy.Schema):
        city = dy.Enum(["NYC", "BOS"], nullable=False)
        miles = dy.Int8(nullable=False)

    rows = [{"city": "NYC", "miles": 1}, {"city": "BOS", "miles": 100}]
    contract = OfTrips(schema=Small)
    assert examined(encoded(rows, ".parquet", {"miles": pl.Int64}), ".parquet", contract).rows == 2

    with pytest.raises(Rejected, match=r"'city': 1 of 2 values are no Enum.*'LAX' on row 2.*'miles'.*300"):
        examined(
            encoded([{"city": "NYC", "miles": 300}, {"city": "LAX", "miles": 1}], ".parquet"),
            ".parquet",
            contract,
        )


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_a_line_may_lack_what_may_be_empty(examined: Examine, suffix: str) -> None:
    rows = [{"city": "NYC", "miles": 1, "note": "x"}, {"city": "BOS", "miles": 2}]

    assert examined(encoded(rows, suffix), suffix).rows == 2


@dataclass(frozen=True)
class AnyKind(OfTrips):
    class Kinds(dy.Schema):
        whole = dy.Int8(nullable=True)
        share = dy.Float64(nullable=True)
        price = dy.Decimal(precision=9, scale=2, nullable=True)
        yes = dy.Bool(nullable=True)
        text = dy.String(nullable=True)
        day = dy.Date(nullable=True)
        at = dy.Datetime(nullable=True, time_zone="UTC")
        city = dy.Enum(["NYC"], nullable=True)

    schema: type[dy.Schema] = Kinds


KINDS: dict[str, object] = {
    "whole": 1,
    "share": 1.5,
    "price": "1.25",
    "yes": True,
    "text": "",
    "day": "2013-01-02",
    "at": "2013-01-02T10:00:00Z",
    "city": "NYC",
}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("whole", "1"),
        ("whole", 1.0),
        ("whole", True),
        ("whole", 300),
        ("share", "1.5"),
        ("price", True),
        ("yes", 1),
        ("yes", "true"),
        ("text", 5),
        ("text", [1]),
        ("day", "2013-02-30"),
        ("at", "noon"),
        ("city", "LAX"),
    ],
)
def test_json_values_have_the_kind_that_is_declared(examined: Examine, column: str, value: object) -> None:
    """The control: Polars makes text of a number, and null of what is of another kind, without a word."""
    assert examined(encoded([KINDS, dict.fromkeys(KINDS)], ".jsonl"), ".jsonl", AnyKind()).rows == 2

    with pytest.raises(Rejected, match=rf"column '{column}': 1 of 2 values are no .* on line 2\)"):
        examined(encoded([KINDS, KINDS | {column: value}], ".jsonl"), ".jsonl", AnyKind())


def test_text_cannot_hold_lists(examined: Examine) -> None:
    class Lists(dy.Schema):
        cities = dy.List(dy.String(nullable=False), nullable=False)

    content = encoded([{"cities": ["NYC"]}], ".jsonl")
    with pytest.raises(Rejected, match="read from Parquet alone: cities"):
        examined(content, ".jsonl", OfTrips(schema=Lists))

    assert examined(encoded([{"cities": ["NYC"]}], ".parquet"), ".parquet", OfTrips(schema=Lists)).rows == 1


@pytest.mark.parametrize("name", ["a.txt", "a", "a.csv.bz2", "a.json"])
def test_a_name_of_no_known_format_is_refused(examined: Examine, name: str) -> None:
    with pytest.raises(Rejected, match=r"ends in none of \.csv, \.csv\.gz.*\.parquet"):
        examined(encoded(GOOD, ".csv"), name.removeprefix("a"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"city":"NYC"}\n\n', "line 2 is blank"),
        (b"[1]\n", "line 1 is JSON, but no object"),
        (b'{"city":"NYC","miles":NaN}\n', "line 1 is no whole JSON"),
        (b'{"city":"NYC"}\n{"city":\xff}\n', "line 2 is not UTF-8"),
        (b"[" * 100_000, "line 1 is no whole JSON"),
    ],
)
def test_what_is_no_json_lines_is_named_with_its_line(examined: Examine, content: bytes, reason: str) -> None:
    with pytest.raises(Rejected, match=f"unreadable as JSON lines: {reason}") as caught:
        examined(content, ".jsonl")

    assert caught.value.cause == "form"


def test_a_line_end_may_be_asked_for_or_not(examined: Examine) -> None:
    content = encoded(GOOD[:1], ".csv").rstrip(b"\n")

    with pytest.raises(Rejected, match=r"line 2 has no line end.*csv_last_line_end"):
        examined(content, ".csv")
    assert examined(content, ".csv", reading=Reading(last_line_end="optional")).rows == 1


@pytest.mark.parametrize("suffix", [".csv.gz", ".jsonl.zst"])
def test_a_compressed_nothing_is_refused(examined: Examine, suffix: str) -> None:
    with pytest.raises(Rejected, match="holds nothing"):
        examined(compressed(b"", suffix), suffix)


def test_a_gzip_in_which_a_byte_was_changed_is_refused(examined: Examine) -> None:
    """A zstd file need not have a checksum, and then nobody can tell."""
    content = bytearray(encoded(GOOD, ".csv.gz"))
    content[len(content) // 2] ^= 0x41

    with pytest.raises(Rejected, match="the gzip file is cut or damaged"):
        examined(bytes(content), ".csv.gz")


def test_a_parquet_whose_page_was_changed_is_refused_although_its_footer_is_whole(examined: Examine) -> None:
    content = bytearray(encoded(GOOD, ".parquet"))
    content[8:40] = bytes(32)

    with pytest.raises(Rejected, match="unreadable as Parquet"):
        examined(bytes(content), ".parquet")


def test_a_small_file_cannot_fill_the_disk(examined: Examine) -> None:
    content = encoded(GOOD * 1000, ".csv.gz")
    assert examined(content, ".csv.gz").rows == 3000

    with pytest.raises(Rejected, match="holds more than 10,000 bytes"):
        examined(content, ".csv.gz", reading=Reading(max_unpacked_bytes=10_000))


def test_a_line_of_json_that_would_fill_the_memory_is_refused(
    examined: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml_assets.landing.formats.json_form.LONGEST_LINE_BYTES", 100)

    with pytest.raises(Rejected, match="line 4 is longer than 100 bytes"):
        examined(encoded([*GOOD, {"city": "x" * 100, "miles": 1, "note": ""}], ".jsonl"), ".jsonl")


def test_a_row_that_ends_where_polars_sees_no_end_is_refused(examined: Examine) -> None:
    """The control: the module csv sees two rows, and Polars one."""
    content = 'city,miles,note\nNYC,1,"a"\rB"S,2,a"b"a"\n'
    rows = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    assert [len(row) for row in rows] == [3, 3, 3]
    assert pl.read_csv(content.encode(), infer_schema=False).height == 1

    with pytest.raises(Rejected, match="line 2 ends with a carriage return alone"):
        examined(content.encode(), ".csv")


def test_a_parquet_column_without_any_value_is_of_every_type(examined: Examine) -> None:
    rows = [dict(row) | {"note": None} for row in GOOD]

    assert examined(encoded(rows, ".parquet", {"note": pl.Null}), ".parquet").rows == 3


def test_the_suffix_may_be_in_capitals(examined: Examine) -> None:
    assert examined(encoded(GOOD, ".csv"), ".CSV").rows == 3


def test_a_panic_of_polars_is_the_fault_of_the_file(
    examined: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no Exception, and would end the intake."""

    def panic(*_: object) -> None:
        raise pl.exceptions.PanicException("overflow")

    monkeypatch.setattr("ml_assets.landing.conformity.type_faults", panic)

    with pytest.raises(Rejected, match="the contract cannot be applied: overflow"):
        examined(encoded(GOOD, ".csv"), ".csv")


def test_a_grown_column_is_retyped_as_a_whole_where_it_is_of_no_simple_type(examined: Examine) -> None:
    rows = [dict(row) | {"day": date(2013, 1, 2)} for row in GOOD]
    contract = OfTrips(policy="evolve")
    assert examined(encoded(rows, ".parquet"), ".parquet", contract).new_columns == {"day": "Date"}
    assert not examined(encoded(rows, ".parquet"), ".parquet", contract, grown={"day": "Date"}).new_columns

    with pytest.raises(Rejected, match=r"retyped columns: 'day' is Date where Time is asked"):
        examined(encoded(rows, ".parquet"), ".parquet", contract, grown={"day": "Time"})
