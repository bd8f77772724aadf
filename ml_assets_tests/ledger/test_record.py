"""What a record keeps, refuses and says of records that it cannot read."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ml_assets.ledger.errors import RecordCorrupt, RecordTooNew
from ml_assets.ledger.parsing import parse_record
from ml_assets.ledger.record import IntakeRecord
from ml_assets_tests.ledger.drafts import a_run, chained, intake, landed, quarantined

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(params=st.dictionaries(st.text(max_size=5), PLAIN, max_size=3))
def test_a_record_comes_back_from_its_bytes_with_the_same_digest(params: dict[str, object]) -> None:
    (record,) = chained(a_run(params=params))

    again = parse_record(record.canonical(), number=1, where="here")

    assert again == record
    assert again.digest == record.digest


def test_the_digest_is_what_sha256sum_says_of_the_file(tmp_path: Path) -> None:
    (record,) = chained(intake(landed("landing/ü.csv")))
    (tmp_path / "1.json").write_bytes(record.canonical())

    said = subprocess.run(["sha256sum", tmp_path / "1.json"], capture_output=True, text=True, check=True)

    assert said.stdout.split()[0] == record.digest


def test_equal_content_in_another_order_has_equal_bytes() -> None:
    one, other = (a_run(id="x", params=params) for params in ({"a": 1, "b": 2}, {"b": 2, "a": 1}))

    assert chained(one)[0].canonical() == chained(other)[0].canonical()


def test_what_yaml_and_arithmetic_make_is_kept_as_text_where_json_cannot_say_it() -> None:
    draft = a_run(params={"p.yaml": {1: date(2013, 1, 2)}}, metrics={"m.json": {"auc": float("nan")}})

    assert draft.params == {"p.yaml": {"1": "2013-01-02"}}
    assert draft.metrics == {"m.json": {"auc": "NaN"}}


def test_a_value_that_json_cannot_say_at_all_is_refused() -> None:
    with pytest.raises(ValidationError):
        a_run(params={"p": object()})


def test_time_is_utc_in_whole_seconds() -> None:
    local = datetime(2013, 3, 1, 7, 0, 5, 999, tzinfo=timezone(timedelta(hours=1)))

    (record,) = chained(intake(time=local))

    assert json.loads(record.canonical())["time"] == "2013-03-01T06:00:05Z"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        intake(time=datetime(2013, 3, 1))  # noqa: DTZ001 (the point)


def test_an_unknown_field_is_refused_when_writing() -> None:
    with pytest.raises(ValidationError):
        a_run(mood="good")


def test_a_record_of_a_later_schema_is_told_from_a_corrupt_one() -> None:
    with pytest.raises(RecordTooNew, match=r"schema 2.*knows schema 1(?s:.*)Upgrade"):
        parse_record(b'{"schema":2,"number":7,"new":1}', number=7, where="ledger/7.json")


def test_a_kind_of_a_later_version_is_told_from_a_corrupt_one() -> None:
    with pytest.raises(RecordTooNew, match="promotion"):
        parse_record(b'{"schema":1,"kind":"promotion"}', number=7, where="ledger/7.json")


@pytest.mark.parametrize(
    "data", [b"", b'{"schema":1,"ki', b"[]", b"\xff\xfe", b'{"schema":1,"kind":"run"}', b'{"schema":"x"}']
)
def test_a_torn_or_foreign_file_is_named_with_its_place(data: bytes) -> None:
    with pytest.raises(RecordCorrupt, match=r"Record 7 (?s:.*)ledger/7\.json(?s:.*)backup"):
        parse_record(data, number=7, where="ledger/7.json")


def test_a_record_under_another_number_is_corrupt() -> None:
    (record,) = chained(intake())

    with pytest.raises(RecordCorrupt, match="says that it is record 1"):
        parse_record(record.canonical(), number=2, where="2.json")


def test_a_record_of_an_earlier_version_keeps_the_digest_of_its_bytes() -> None:
    (record,) = chained(intake())
    fewer = json.loads(record.canonical())
    del fewer["note"], fewer["checksum"]
    stored = json.dumps(fewer, sort_keys=True, separators=(",", ":")).encode()

    old = parse_record(stored, number=1, where="1.json")

    assert isinstance(old, IntakeRecord)
    assert old.note is None
    assert old.digest != record.digest


@given(place=st.integers(min_value=0), other=st.integers(1, 255))
def test_a_flipped_byte_anywhere_in_a_record_is_named(place: int, other: int) -> None:
    (record,) = chained(intake(landed("landing/a.csv"), note="ü"))
    stored = bytearray(record.canonical())
    stored[place % len(stored)] ^= other

    with pytest.raises(RecordCorrupt, match="Record 1"):
        parse_record(bytes(stored), number=1, where="1.json")


def test_an_intake_of_before_rows_were_counted_reads_and_keeps_its_digest() -> None:
    (record,) = chained(intake(landed("landing/a.csv"), quarantined("landing/b.csv")))
    fields = json.loads(record.canonical())
    for name in ("schema_fingerprint", "drift", "checksum"):
        del fields[name]
    for name in ("rows", "rejected_rows", "unknown_columns", "cleaned_sha256"):
        del fields["landed"][0][name]
    del fields["quarantined"][0]["cause"]
    stored = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()

    old = parse_record(stored, number=1, where="1.json")

    assert isinstance(old, IntakeRecord)
    assert old.digest == hashlib.sha256(stored).hexdigest()
    (taken_in,) = old.landed
    assert (taken_in.rows, taken_in.rejected_rows, taken_in.in_raw_sha256) == (None, 0, taken_in.sha256)
    assert (old.quarantined[0].cause, old.drift) == (None, ())
