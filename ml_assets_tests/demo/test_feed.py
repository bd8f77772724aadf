from __future__ import annotations

import csv
import io
from datetime import date
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets.demo import feed as feed_module
from ml_assets.demo.errors import FlightsMissing, NoSuchDay
from ml_assets.demo.feed import LAST_DAY, Feed, land, write_days

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(scope="module")
def feed() -> Feed:
    return Feed()


def _rows(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode())))


def test_the_days_together_are_every_flight_of_2013(feed: Feed) -> None:
    counts = [len(_rows(feed.csv_of(day)[f"flights/{day}.csv"])) for day in feed.days()]

    assert len(counts) == 365
    assert sum(counts) == 336_776
    assert (min(counts), max(counts)) == (634, 1014)


def test_a_day_holds_that_day_alone_and_leaves_missing_values_empty(feed: Feed) -> None:
    files = feed.csv_of(date(2013, 2, 9))
    flights = _rows(files["flights/2013-02-09.csv"])

    assert list(files) == ["weather/2013-02-09.csv", "flights/2013-02-09.csv"]
    assert {(row["year"], row["month"], row["day"]) for row in flights} == {("2013", "2", "9")}
    assert any(row["dep_time"] == "" for row in flights)
    assert not any("NA" in row.values() for row in flights)


def test_numbers_stay_as_they_were_published(feed: Feed) -> None:
    first = _rows(feed.csv_of(date(2013, 1, 1))["weather/2013-01-01.csv"])[0]

    assert first["wind_speed"] == "10.357019999999999"


def test_the_last_day_has_flights_and_no_weather(feed: Feed) -> None:
    assert list(feed.csv_of(LAST_DAY)) == ["flights/2013-12-31.csv"]


def test_landing_twice_makes_no_new_generation(feed: Feed, s3: S3Client, bucket: str) -> None:
    days = feed.days(count=2)
    keys = land(s3, bucket, "landing/", days, feed=feed)
    before = _etags(s3, bucket)

    land(s3, bucket, "landing/", days, feed=feed)

    assert keys[:2] == ("landing/weather/2013-01-01.csv", "landing/flights/2013-01-01.csv")
    assert set(before) == set(keys)
    assert _etags(s3, bucket) == before


def _etags(s3: S3Client, bucket: str) -> dict[str, str]:
    return {item["Key"]: item["ETag"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]}


def test_writing_a_day_again_never_writes_through_a_link_to_the_cache(feed: Feed, tmp_path: Path) -> None:
    cached = tmp_path / "cache-object"
    cached.write_bytes(b"the old content")
    (tmp_path / "raw/flights").mkdir(parents=True)
    (tmp_path / "raw/flights/2013-01-01.csv").hardlink_to(cached)

    written = write_days(tmp_path / "raw", feed.days(count=1))

    assert written == 2
    assert cached.read_bytes() == b"the old content"
    assert (tmp_path / "raw/flights/2013-01-01.csv").read_bytes().startswith(b"year,month,day,")


def test_a_day_outside_the_year_is_refused_by_name(feed: Feed) -> None:
    with pytest.raises(NoSuchDay, match="2014-01-01"):
        feed.days(first=date(2013, 12, 31), count=2)


def test_without_the_package_the_install_command_is_named(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(_: str) -> None:
        raise PackageNotFoundError

    monkeypatch.setattr("importlib.metadata.distribution", absent)

    with pytest.raises(FlightsMissing, match="pip install"):
        Feed().csv_of(date(2013, 1, 1))


def test_by_hand_the_number_of_files_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = feed_module.main([str(tmp_path / "raw"), "--days", "2"])

    assert status == 0
    assert capsys.readouterr().out == f"4 files in {tmp_path / 'raw'}\n"
    assert len(list((tmp_path / "raw").rglob("*.csv"))) == 4
