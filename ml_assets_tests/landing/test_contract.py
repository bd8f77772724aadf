from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import dataframely as dy
import polars as pl
import pytest

from ml_assets.demo.feed import Feed
from ml_assets.landing.contract import Contract, contract_for, load_contracts
from ml_assets.landing.errors import ContractsUnusable, Rejected
from ml_assets.landing.examine import examine


class Trips(dy.Schema):
    year = dy.Int16(nullable=False)
    month = dy.Int8(nullable=False, min=1, max=12)
    day = dy.Int8(nullable=False)
    city = dy.Enum(["NYC", "BOS"], nullable=False)
    note = dy.String(nullable=True)
    miles = dy.Float64(nullable=True)
    left = dy.Datetime(nullable=True, time_zone="UTC")

    @dy.rule()
    def miles_are_positive(cls) -> pl.Expr:  # noqa: N805 - dataframely's way
        return pl.col("miles") > 0


class Dated(dy.Schema):
    date = dy.Date(nullable=False)


@dataclass(frozen=True)
class Folder:
    schema: type[dy.Schema] = Trips
    date_columns: tuple[str, ...] = ("year", "month", "day")
    file_name: str = "%Y-%m-%d.csv"


HEADER = "year,month,day,city,note,miles,left\n"
GOOD = "2013,1,2,NYC,fine,1.5,2013-01-02T10:00:00Z\n2013,1,2,BOS,,,\n"
NAME = PurePosixPath("trips/2013-01-02.csv")
Check = Callable[..., None]


@pytest.fixture
def checked(tmp_path: Path) -> Check:
    def run(content: str | bytes, *, name: PurePosixPath = NAME, contract: Contract = Folder()) -> None:
        staged = tmp_path / "000001"
        staged.write_bytes(content if isinstance(content, bytes) else content.encode())
        examine(staged, name, contract)

    return run


def test_a_file_that_keeps_the_contract_passes(checked: Check) -> None:
    checked(HEADER + GOOD)


def test_a_mark_of_byte_order_and_line_ends_of_windows_are_no_fault(checked: Check) -> None:
    checked(b"\xef\xbb\xbf" + (HEADER + GOOD).replace("\n", "\r\n").encode())


def test_columns_in_another_order_are_no_fault(checked: Check) -> None:
    checked("day,year,month,note,city,left,miles\n2,2013,1,,NYC,,3\n")


FAULTS: list[tuple[str | bytes, str]] = [
    (b"", r"the file is empty \(0 bytes\)"),
    (HEADER, "a header and no rows"),
    ("\n" + GOOD, "line 1 holds no column names"),
    (HEADER + GOOD + "2013,1,2,NYC\n", "line 4 has 4 fields where the header has 7"),
    (HEADER + "\n" + GOOD, "line 2 is blank"),
    (HEADER + GOOD + '2013,1,2,"NYC\n', "line 4: unexpected end of data"),
    (HEADER.encode() + b"2013,1,2,NYC,\xff,,\n", "line 2 is not UTF-8"),
    ("year,year,day\n1,2,3\n", "columns that are there twice: year"),
    ("year,month,day,x\n1,2,3,4\n", "missing columns: city, note, miles, left; unexpected column: x"),
    (HEADER + GOOD + "2013,x,2,NYC,,,\n", r"'month': 1 of 3 values are no Int8 \(first: 'x' on line 4\)"),
    (HEADER + "2013,1,y,NYC,,much,\n", r"'day'.*'y' on line 2\); column 'miles'.*'much' on line 2"),
    (HEADER + GOOD + "2013,1,2,LAX,,,\n", r"column 'city': 1 of 3 values are no Enum.*'LAX' on line 4"),
    (HEADER + GOOD + "2013,1,2,NYC,,,noon\n", r"column 'left': 1 of 3 .* no Datetime.*'noon' on line 4"),
    (HEADER + GOOD + "2013,13,2,NYC,,,\n", r"1 of 3 rows break .*'month\|max' \(first: 13 on line 4\)"),
    (HEADER + GOOD + "2013,1,2,,,,\n", r"rule 'city\|nullability' \(first: an empty value on line 4\)"),
    (HEADER + GOOD + "2013,1,2,NYC,,-3,\n", r"rule 'miles_are_positive' \(first: line 4\)"),
    (HEADER + GOOD + "2013,1,3,NYC,,,\n", "says 2013-01-02, but 1 of 3 rows .*2013-01-03 on line 4"),
    (HEADER + "2013,2,31,NYC,,,\n", r"another day \(first: 2013-02-31 on line 2\)"),
]


@pytest.mark.parametrize(("content", "reason"), FAULTS)
def test_the_reason_names_the_fault_and_its_line(checked: Check, content: str | bytes, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        checked(content)


def test_lines_are_counted_through_quoted_line_ends(checked: Check) -> None:
    with pytest.raises(Rejected, match="'x' on line 5"):
        checked(HEADER + '2013,1,2,NYC,"one\ntwo\nthree",,\n2013,x,2,NYC,,,\n')


def test_a_file_that_was_cut_is_refused_although_polars_reads_it(checked: Check) -> None:
    """The control: polars fills what is missing with nulls, and so does pandas."""
    cut = (HEADER + GOOD)[:-1].rpartition(",")[0]
    assert pl.read_csv(cut.encode(), infer_schema=False).height == 2

    with pytest.raises(Rejected, match="line 3 has 6 fields"):
        checked(cut)


def test_a_file_that_was_cut_inside_its_last_field_is_refused(checked: Check) -> None:
    """All fields are there, and the last one is another: 2013-01-02 for 2013-01-02T10:00:00Z."""
    whole = HEADER + "2013,1,2,NYC,fine,1.5,2013-01-02T10:00:00Z\n"

    with pytest.raises(Rejected, match="line 2 has no line end"):
        checked(whole[: -len("T10:00:00Z\n")])


@pytest.mark.parametrize(
    "name", ["trips/2013-1-2.csv", "trips/2013-02-30.csv", "trips/a.csv", "trips/2013-01-02.CSV"]
)
def test_a_name_that_is_no_day_is_refused(checked: Check, name: str) -> None:
    with pytest.raises(Rejected, match=r"does not follow the pattern %Y-%m-%d\.csv"):
        checked(HEADER + GOOD, name=PurePosixPath("trips", name))


def test_one_column_of_dates_is_compared_too(checked: Check) -> None:
    contract = Folder(schema=Dated, date_columns=("date",))
    checked("date\n2013-01-02\n", contract=contract)

    with pytest.raises(Rejected, match="2013-01-05 on line 3"):
        checked("date\n2013-01-02\n2013-01-05\n", contract=contract)


def test_a_long_value_is_not_shown_whole(checked: Check) -> None:
    with pytest.raises(Rejected) as caught:
        checked(HEADER + f"2013,{'secret' * 100},2,NYC,,,\n")

    assert len(caught.value.reason) < 200


def test_a_folder_without_a_contract_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(Rejected, match="covers the folder 'boats'; there are contracts for: trips"):
        contract_for(PurePosixPath("boats/2013-01-02.csv"), {"trips": Folder()})


class Overflowing(dy.Schema):
    date = dy.Date(nullable=False)

    @dy.rule()
    def early(cls) -> pl.Expr:  # noqa: N805
        return pl.datetime(pl.col("date").dt.year(), pl.col("date").dt.day(), 1) < pl.datetime(2030, 1, 1)


def test_a_rule_that_fails_on_a_file_refuses_that_file(checked: Check) -> None:
    contract = Folder(schema=Overflowing, date_columns=("date",))
    checked("date\n2013-01-02\n", contract=contract)

    with pytest.raises(Rejected, match="the contract cannot be applied"):
        checked("date\n2013-01-22\n", name=PurePosixPath("trips/2013-01-22.csv"), contract=contract)


def test_the_examples_contracts_take_in_every_real_day(tmp_path: Path) -> None:
    contracts = load_contracts("ml_assets.stages.raw:CONTRACTS")
    feed = Feed()
    staged = tmp_path / "staged"
    for day in feed.days()[::30]:
        for name, body in feed.csv_of(day).items():
            staged.write_bytes(body)
            examine(staged, PurePosixPath(name), contract_for(PurePosixPath(name), contracts))


@pytest.mark.parametrize(
    ("contracts", "cause"),
    [
        ("no_such_module:X", "No module named"),
        ("ml_assets.stages.raw:NOTHING", "no attribute 'NOTHING'"),
        ("ml_assets.stages.raw:Flights", "is a SchemaMeta, no mapping"),
        ("os:environ", "has no schema and no date_columns and no file_name"),
    ],
)
def test_contracts_that_are_none_are_refused_at_the_start(contracts: str, cause: str) -> None:
    with pytest.raises(ContractsUnusable, match=cause):
        load_contracts(contracts)


class Broken(dy.Schema):
    date = dy.Date(nullable=False)

    @dy.rule()
    def of_a_column_that_is_not_there(cls) -> pl.Expr:  # noqa: N805
        return pl.col("datum") > 0


BROKEN = {"trips": Folder(schema=Broken, date_columns=("date",))}


def test_a_rule_that_never_works_is_a_broken_contract_and_no_bad_file() -> None:
    with pytest.raises(ContractsUnusable, match="a rule of 'trips' does not work even without rows"):
        load_contracts(f"{__name__}:BROKEN")
