"""A long ledger: a thousand records a folder, a checkpoint of each, as few requests as of a short one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.ledger import chain, layout
from ml_assets.ledger.disk import Disk
from ml_assets.ledger.errors import ChainBroken, CheckpointCorrupt
from ml_assets.ledger.store import Ledger
from ml_assets_tests.ledger.drafts import intake, landed


class Counting:
    """A place that counts what is asked of it."""

    def __init__(self, place: Disk) -> None:
        self.within = place
        self.asked: list[str] = []

    url = "counted"
    readers = 1

    def folders(self, folder: str, /) -> list[str]:
        self.asked.append(f"list {folder}")
        return self.within.folders(folder)

    def names(self, folder: str, /, *, after: str) -> list[str]:
        self.asked.append(f"list {folder}")
        return self.within.names(folder, after=after)

    def read(self, path: str, /) -> bytes | None:
        self.asked.append(f"read {path}")
        return self.within.read(path)

    def create(self, path: str, data: bytes, /) -> bool:
        self.asked.append(f"create {path}")
        return self.within.create(path, data)


@pytest.fixture(autouse=True)
def _short_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "SHARD", 10)
    monkeypatch.setattr("ml_assets.ledger.store.LOOK_FOR_CHECKPOINT", 5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def filled(folder: Path, count: int) -> Ledger:
    ledger = Ledger(Disk(folder))
    for number in range(count):
        ledger.append(lambda _, number=number: intake(landed(f"landing/{number}.csv")))  # type: ignore[misc]
    return ledger


def test_full_shards_have_checkpoints_and_all_records_come_back(folder: Path) -> None:
    filled(folder, 34)

    records = list(Ledger(Disk(folder)).records())

    chain.verify(records)
    assert [record.number for record in records] == list(range(1, 35))
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == [
        f"000000{shard}.jsonl.gz" for shard in range(3)
    ]
    assert len(list((folder / "records" / "0000001").iterdir())) == 10


def test_reading_all_asks_once_a_full_shard(folder: Path) -> None:
    filled(folder, 93)
    place = Counting(Disk(folder))

    assert len(list(Ledger(place).records())) == 93

    # Two lists, nine checkpoints, and the four records of the shard that is not full.
    assert len(place.asked) == 2 + 9 + 4


@pytest.mark.parametrize("count", [3, 93, 193])
def test_opening_and_appending_ask_the_same_at_any_length(folder: Path, count: int) -> None:
    filled(folder, count)
    place = Counting(Disk(folder))
    ledger = Ledger(place)

    head = ledger.head()
    opened = len(place.asked)
    ledger.append(lambda _: intake())

    assert head is not None
    assert head.number == count
    assert opened == 3
    # List, read the head, and the record.
    assert len(place.asked) - opened == 3


def test_a_checkpoint_that_a_killed_writer_left_out_is_written_by_a_later_one(folder: Path) -> None:
    filled(folder, 12)
    (folder / "checkpoints" / "0000000.jsonl.gz").unlink()
    assert len(list(Ledger(Disk(folder)).records())) == 12

    filled(folder, 3)

    assert (folder / "checkpoints" / "0000000.jsonl.gz").exists()


def test_records_after_a_number_begin_in_the_middle_of_a_checkpoint(folder: Path) -> None:
    ledger = filled(folder, 25)

    for after in (0, 7, 9, 10, 19, 24, 25):
        assert [record.number for record in ledger.records(after=after)] == list(range(after + 1, 26))


def test_a_torn_checkpoint_says_what_to_do_and_the_records_are_not_harmed(folder: Path) -> None:
    ledger = filled(folder, 12)
    torn = folder / "checkpoints" / "0000000.jsonl.gz"
    torn.chmod(0o644)
    torn.write_bytes(torn.read_bytes()[:-9])

    with pytest.raises(CheckpointCorrupt, match=r"0000000\.jsonl\.gz(?s:.*)delete it"):
        list(ledger.records())

    torn.unlink()
    assert len(list(ledger.records())) == 12


def test_a_checkpoint_of_other_records_is_refused(folder: Path, tmp_path: Path) -> None:
    ledger = filled(folder, 22)
    wrong = (folder / "checkpoints" / "0000001.jsonl.gz").read_bytes()
    right = folder / "checkpoints" / "0000000.jsonl.gz"
    right.chmod(0o644)
    right.write_bytes(wrong)

    with pytest.raises(CheckpointCorrupt, match="it holds 10 records instead of 9"):
        list(ledger.records())


@pytest.mark.parametrize("missing", [9, 10, 15, 19, 20])
def test_a_record_missing_in_a_full_shard_is_named_where_no_checkpoint_hides_it(
    folder: Path, missing: int
) -> None:
    filled(folder, 23)
    for checkpoint in (folder / "checkpoints").iterdir():
        checkpoint.unlink()
    (folder / layout.record_path(missing)).unlink()

    with pytest.raises(ChainBroken) as caught:
        list(Ledger(Disk(folder)).records())

    assert caught.value.number == missing


def test_a_missing_shard_is_named_before_anything_is_appended(folder: Path) -> None:
    filled(folder, 23)
    (folder / "records" / "0000001").rename(folder / "elsewhere")

    with pytest.raises(ChainBroken, match="record 10"):
        Ledger(Disk(folder)).append(lambda _: intake())


def test_a_writer_killed_after_it_made_a_shard_s_folder_leaves_a_ledger_that_goes_on(folder: Path) -> None:
    filled(folder, 9)
    (folder / "records" / "0000001").mkdir()

    ledger = filled(folder, 2)

    assert [record.number for record in ledger.records()] == list(range(1, 12))


def test_what_the_environment_s_digest_stands_for_is_kept_once(folder: Path) -> None:
    from ml_assets.dvc.environment import installed_lines

    lines, digest = installed_lines()
    environment = intake().environment.model_copy(update={"digest": digest})
    ledger = Ledger(Disk(folder))
    for _ in range(2):
        ledger.append(lambda _: intake(environment=environment))

    (kept,) = (folder / "environments").iterdir()
    assert kept.name == f"{digest}.txt"
    assert b"\ndvc==" in kept.read_bytes() == lines
