"""A ledger in S3, against a real server on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets.ledger import chain
from ml_assets.ledger.errors import LedgerUnreachable
from ml_assets.ledger.store import READ_AHEAD, Ledger
from ml_assets_tests.ledger.drafts import intake
from ml_assets_tests.ledger.race import WRITERS, race

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@pytest.fixture
def url(bucket: str) -> str:
    return f"s3://{bucket}/ledger"


def test_an_empty_prefix_is_an_empty_ledger(url: str, tmp_path: Path) -> None:
    ledger = Ledger.open(url, root=tmp_path)

    assert ledger.head() is None
    assert list(ledger.records()) == []


def test_records_come_back_chained_and_in_order(url: str, tmp_path: Path) -> None:
    ledger = Ledger.open(url, root=tmp_path)
    for _ in range(READ_AHEAD + 3):
        ledger.append(lambda _: intake())

    newest = chain.verify(Ledger.open(url, root=tmp_path).records())

    assert newest is not None
    assert newest == ledger.head()
    assert newest.number == READ_AHEAD + 3
    assert [record.number for record in ledger.records(after=newest.number - 2)] == [
        newest.number - 1,
        newest.number,
    ]


def test_a_record_is_an_object_of_its_own(url: str, bucket: str, s3: S3Client, tmp_path: Path) -> None:
    record = Ledger.open(url, root=tmp_path).append(lambda _: intake(note="ü"))

    stored = s3.get_object(Bucket=bucket, Key="ledger/records/0000000/0000000001.json")["Body"].read()

    assert record is not None
    assert stored == record.canonical()


@pytest.mark.parametrize("turns", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_eight_processes_append_one_unbroken_chain(url: str, tmp_path: Path, turns: int) -> None:
    wanted = race(url, turns=turns, how="append")

    records = list(Ledger.open(url, root=tmp_path).records())

    chain.verify(records)
    assert len(records) == WRITERS * turns
    assert {record.note for record in records} == wanted


def test_credentials_of_a_profile_are_used_as_boto3_would(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile = tmp_path / "credentials"
    profile.write_text("[work]\naws_access_key_id = embedded\naws_secret_access_key = embedded\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))
    monkeypatch.setenv("AWS_PROFILE", "work")
    for name in CREDENTIALS:
        monkeypatch.delenv(name)

    record = Ledger.open(url, root=tmp_path).append(lambda _: intake())

    assert record is not None
    assert record.number == 1


def test_a_missing_bucket_is_said_with_its_address(url: str, tmp_path: Path) -> None:
    ledger = Ledger.open("s3://no-such-bucket/ledger", root=tmp_path)

    with pytest.raises(LedgerUnreachable, match="s3://no-such-bucket/ledger"):
        ledger.append(lambda _: intake())
