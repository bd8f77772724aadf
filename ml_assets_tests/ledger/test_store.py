"""A ledger on disk: reading, appending, and what else may lie in its folder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest

from ml_assets.ledger import chain
from ml_assets.ledger.canonical import canonical_json
from ml_assets.ledger.errors import (
    AppendContended,
    ChainBroken,
    LedgerLocationUnknown,
    LedgerUnreachable,
    PlainHttpRefused,
    RecordCorrupt,
    RecordMissing,
    RecordTooNew,
)
from ml_assets.ledger.record import IntakeDraft, Record, checksum_of
from ml_assets.ledger.store import ATTEMPTS, Ledger
from ml_assets_tests.ledger.drafts import a_run, intake, landed


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open("ledger", root=tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "records" / "0000000"


def fill(ledger: Ledger, count: int) -> None:
    for day in range(count):
        ledger.append(lambda _, day=day: intake(landed(f"landing/{day}.csv")))  # type: ignore[misc]


def test_reading_a_ledger_that_does_not_exist_finds_it_empty_and_makes_nothing(
    ledger: Ledger, tmp_path: Path
) -> None:
    assert ledger.head() is None
    assert list(ledger.records()) == []
    assert ledger.append(lambda _: None) is None
    assert list(tmp_path.iterdir()) == []


def test_records_come_back_in_order_and_chained(ledger: Ledger) -> None:
    fill(ledger, 3)
    ledger.append(lambda _: a_run())

    records = list(ledger.records())

    assert [record.number for record in records] == [1, 2, 3, 4]
    assert [record.kind for record in records] == ["intake", "intake", "intake", "run"]
    assert chain.verify(records) == ledger.head() == ledger.get(4)
    assert [record.number for record in ledger.records(after=2)] == [3, 4]


def test_a_draft_is_made_of_the_newest_record(ledger: Ledger) -> None:
    fill(ledger, 2)

    def draft(head: Record | None) -> IntakeDraft:
        return intake(note=f"after {head.number if head else None}")

    record = ledger.append(draft)

    assert record is not None
    assert record.note == "after 2"


def test_an_open_ledger_sees_what_others_append(ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger, 1)
    assert ledger.head() == ledger.get(1)

    fill(Ledger.open("ledger", root=tmp_path), 2)

    assert ledger.head() == ledger.get(3)


@pytest.mark.parametrize("url", ["{}/ledger", "file://{}/ledger"])
def test_a_folder_may_be_given_in_full(url: str, ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger, 1)

    assert Ledger.open(url.format(tmp_path), root=Path("/nowhere")).head() == ledger.get(1)


def test_a_missing_record_is_said_with_its_place(ledger: Ledger) -> None:
    with pytest.raises(RecordMissing, match=r"no record 9\.(?s:.*)0000000009\.json"):
        ledger.get(9)


def test_other_files_in_the_folder_are_left_alone(ledger: Ledger, folder: Path) -> None:
    fill(ledger, 2)
    names = (".DS_Store", "0000000003.json~", "3.json", "0000000003.json.bak", "x")
    foreign = [folder / name for name in names]
    for file in foreign:
        file.write_text("not ours")

    fill(ledger, 1)

    assert [record.number for record in ledger.records()] == [1, 2, 3]
    assert all(file.read_text() == "not ours" for file in foreign)


def test_a_torn_newest_record_stops_appending_and_says_what_to_do(ledger: Ledger, folder: Path) -> None:
    fill(ledger, 2)
    torn = folder / "0000000003.json"
    torn.write_text('{"schema":1,"ki')

    with pytest.raises(RecordCorrupt, match=r"Record 3 (?s:.*)backup"):
        fill(ledger, 1)

    assert not (folder / "0000000004.json").exists()


def test_a_newer_versions_record_stops_appending(ledger: Ledger, folder: Path) -> None:
    fill(ledger, 1)
    (folder / "0000000002.json").write_text('{"schema":2}')

    with pytest.raises(RecordTooNew, match="Upgrade"):
        fill(ledger, 1)


def test_a_record_edited_on_disk_is_named(ledger: Ledger, folder: Path) -> None:
    fill(ledger, 4)
    file = folder / "0000000002.json"
    text = file.read_text()
    file.unlink()
    file.write_text(text.replace('"ada"', '"eve"'))

    with pytest.raises(RecordCorrupt, match=r"Record 2 (?s:.*)a byte was changed"):
        list(ledger.records())


def test_a_record_forged_with_its_checksum_is_named_by_the_next_one(ledger: Ledger, folder: Path) -> None:
    fill(ledger, 4)
    file = folder / "0000000002.json"
    fields = json.loads(file.read_text()) | {"actor": "eve"}
    file.unlink()
    file.write_bytes(canonical_json(fields | {"checksum": checksum_of(fields)}))

    with pytest.raises(ChainBroken) as caught:
        chain.verify(ledger.records())

    assert caught.value.number == 2


def test_a_record_removed_on_disk_is_named_before_anything_is_appended(
    ledger: Ledger, folder: Path, tmp_path: Path
) -> None:
    fill(ledger, 4)
    (folder / "0000000002.json").unlink()

    with pytest.raises(ChainBroken, match="record 2: it is missing"):
        fill(Ledger.open("ledger", root=tmp_path), 1)


def test_a_records_file_is_read_only(ledger: Ledger, folder: Path) -> None:
    fill(ledger, 1)

    assert (folder / "0000000001.json").stat().st_mode & 0o222 == 0


def test_leftovers_of_killed_writers_are_swept_and_those_of_living_ones_kept(
    ledger: Ledger, folder: Path
) -> None:
    folder.mkdir(parents=True)
    old, fresh = folder / ".0000000001.json.a.tmp", folder / ".0000000001.json.b.tmp"
    for file in (old, fresh):
        file.write_text("half")
    two_hours_ago = time.time() - 7200
    os.utime(old, (two_hours_ago, two_hours_ago))

    fill(ledger, 1)

    assert sorted(file.name for file in folder.iterdir()) == [fresh.name, "0000000001.json"]


def test_a_folder_that_cannot_be_made_is_said_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(LedgerUnreachable, match=r"Not a directory(?s:.*)file/ledger(?s:.*)ml_assets"):
        fill(Ledger.open("file/ledger", root=tmp_path), 1)


class Memory:
    """A place in memory, whose `create` the tests let fail."""

    url = "memory"
    readers = 1

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    def folders(self, folder: str, /) -> list[str]:
        inside = {name.removeprefix(f"{folder}/") for name in self.stored if name.startswith(f"{folder}/")}
        return sorted({name.partition("/")[0] for name in inside if "/" in name})

    def names(self, folder: str, /, *, after: str) -> list[str]:
        inside = [name.rpartition("/") for name in self.stored]
        return [name for where, _, name in inside if where == folder and name > after]

    def read(self, path: str, /) -> bytes | None:
        return self.stored.get(path)

    def create(self, name: str, data: bytes, /) -> bool:
        return self.stored.setdefault(name, data) is data


class AlwaysLost(Memory):
    """Another writer is always a moment faster, and never done."""

    def create(self, _name: str, _data: bytes, /) -> bool:
        return False


def test_a_race_lost_for_ever_ends_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml_assets.ledger.store.time.sleep", lambda _: None)

    with pytest.raises(AppendContended, match=f"{ATTEMPTS} times"):
        Ledger(AlwaysLost()).append(lambda _: intake())


class LostAnswer(Memory):
    """The object is stored, and the answer is lost (or says "taken", when the client has tried twice)."""

    def __init__(self, answer: LedgerUnreachable | None) -> None:
        super().__init__()
        self.answer = answer

    def create(self, name: str, data: bytes, /) -> bool:
        super().create(name, data)
        if self.answer:
            raise self.answer
        return False


@pytest.mark.parametrize("answer", [None, LedgerUnreachable(url="u", doing="d", cause="c")])
def test_a_put_whose_answer_was_lost_is_recognised_as_ours(answer: LedgerUnreachable | None) -> None:
    place = LostAnswer(answer)

    record = Ledger(place).append(lambda _: intake())

    assert record is not None
    assert place.stored["records/0000000/0000000001.json"] == record.canonical()


def test_a_put_that_failed_before_it_arrived_is_an_error() -> None:
    class Down(Memory):
        def create(self, _path: str, _data: bytes, /) -> NoReturn:
            raise LedgerUnreachable(url="u", doing="appending a record", cause="connection refused")

    with pytest.raises(LedgerUnreachable, match="connection refused"):
        Ledger(Down()).append(lambda _: intake())


def test_an_unknown_kind_of_address_is_refused() -> None:
    with pytest.raises(LedgerLocationUnknown, match="gopher"):
        Ledger.open("gopher://somewhere/ledger", root=Path.cwd())


def test_plain_http_to_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://minio.example.com:9000")

    with pytest.raises(PlainHttpRefused, match="AWS_ALLOW_HTTP"):
        Ledger.open("s3://bucket/ledger", root=Path.cwd())


def test_a_ledger_on_disk_opens_no_connection(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    fill(ledger, 2)

    assert len(list(ledger.records())) == 2


def test_importing_the_store_loads_nothing_heavy() -> None:
    code = "import sys, ml_assets.ledger.store, ml_assets.ledger.origin; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    heavy = {"boto3", "botocore", "mlflow", "pandas", "dvc", "dagster", "obstore"}
    assert heavy & set(loaded.stdout.split()) == set()
