"""The contracts accept every real day, and find what goes wrong with files."""

from __future__ import annotations

from datetime import date
from pathlib import Path, PurePosixPath

import pytest

from ml_assets.landing.contract import contract_for, load_contracts
from ml_assets.landing.errors import Rejected
from ml_assets.landing.examine import examine
from ml_assets.stages.columns import OUTCOME, SCHEDULE, WEATHER
from ml_assets.stages.raw import CONTRACTS, Flights, Weather
from ml_assets_tests.stages.example import ROOT, feed

# Its weather has a wind of 1,048 mph.
STORMY = date(2013, 2, 12)


def accept(folder: Path, name: str, text: str) -> None:
    path = folder / Path(name).name
    path.write_text(text, encoding="utf-8")
    relative = PurePosixPath(name)
    examine(path, relative, contract_for(relative, CONTRACTS))


def accept_day(folder: Path, day: date) -> None:
    for name, body in feed().csv_of(day).items():
        accept(folder, name, body.decode())


def flights_of(day: date) -> str:
    return feed().csv_of(day)[f"flights/{day}.csv"].decode()


def test_the_configured_contracts_are_these() -> None:
    assert 'contracts = "ml_assets.stages.raw:CONTRACTS"' in (ROOT / "pyproject.toml").read_text()
    assert load_contracts("ml_assets.stages.raw:CONTRACTS") is CONTRACTS


@pytest.mark.parametrize("day", [date(2013, 1, 1), STORMY, date(2013, 11, 3), date(2013, 12, 31)])
def test_a_real_day_is_accepted_with_its_oddities(tmp_path: Path, day: date) -> None:
    accept_day(tmp_path, day)


@pytest.mark.slow
def test_every_day_of_the_year_is_accepted(tmp_path: Path) -> None:
    for day in feed().days():
        accept_day(tmp_path, day)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        pytest.param(lambda text: text.replace("JFK", "KJFK"), "origin|regex", id="another code of airports"),
        pytest.param(lambda text: text.replace(",1400,5,15,", ",1400,517,15,"), "hour|max", id="shifted"),
        pytest.param(lambda text: text.replace(",UA,", ",,"), "carrier|nullability", id="no carrier"),
        pytest.param(lambda text: text.replace(",1400,", ",far,"), "distance", id="text for a number"),
        pytest.param(
            lambda text: text.replace("tailnum", "plane", 1), "missing column: tailnum", id="renamed"
        ),
        pytest.param(lambda text: text.replace("2013,1,1,", "2013,1,2,"), "another day", id="another day"),
    ],
)
def test_a_wrong_file_is_rejected_with_its_reason(tmp_path: Path, wrong: object, reason: str) -> None:
    assert callable(wrong)
    text = wrong(flights_of(date(2013, 1, 1)))
    with pytest.raises(Rejected) as rejected:
        accept(tmp_path, "flights/2013-01-01.csv", text)
    assert reason in str(rejected.value)


def test_the_contracts_declare_all_that_the_stages_read() -> None:
    assert {*SCHEDULE, *OUTCOME} - {"date"} < set(Flights.column_names())
    assert {*WEATHER, "origin", "year", "month", "day", "hour"} < set(Weather.column_names())
    assert len(Flights.column_names()) == 19
