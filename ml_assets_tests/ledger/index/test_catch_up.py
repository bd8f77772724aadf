"""The index as a cache: the same however it came to be, whoever made it, whatever happened to it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Connection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_assets.ledger import layout
from ml_assets.ledger.errors import ChainBroken
from ml_assets.ledger.index import catch_up, projectors
from ml_assets.ledger.index.catch_up import open_index
from ml_assets.ledger.index.database import Database, Position
from ml_assets.ledger.index.errors import IndexUnusable
from ml_assets.ledger.index.projectors import KINDS
from ml_assets.ledger.record import AnyRecord, Draft
from ml_assets.ledger.store import Ledger
from ml_assets_tests.ledger.drafts import intake, landed
from ml_assets_tests.ledger.index.worlds import Memory, World, append_all, worlds

TABLES = (
    *("record", "landed", "refused", "state", "entry", "out", "sha256", "code_file", "code_set"),
    *("span", "made", "edge", "reads", "leaf", "fact"),
)


def content(index: Database) -> dict[str, list[tuple[object, ...]]]:
    query = "SELECT * FROM "
    with index.reading() as connection:
        return {name: [tuple(row) for row in connection.execute(query + name)] for name in TABLES}


def thirty(ledger: Ledger) -> Sequence[Draft]:
    world = World(graph=[[], [0], [0, 1], []])
    for turn in range(10):
        world.take_in([(turn % 4, turn % 2)], [(turn + 1) % 4])
        world.run([0, 1, 2, 3], param=turn % 2)
        world.run([0], param=1)
    append_all(world.drafts, ledger)
    return world.drafts


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger.open("ledger", root=tmp_path)
    thirty(ledger)
    return ledger


@settings(max_examples=60, deadline=None)
@given(worlds(), st.lists(st.integers(1, 20), max_size=3))
def test_counted_in_bit_by_bit_it_is_what_it_is_when_made_at_once(world: World, stops: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bit_by_bit, at_once = Path(folder) / "bit-by-bit", Path(folder) / "at-once"
        ledger = Ledger(Memory())
        done = 0
        for stop in [*sorted(stops), len(world.drafts)]:
            append_all(world.drafts[done:stop], ledger)
            done = max(done, stop)
            open_index(ledger, root=bit_by_bit)
        assert content(open_index(ledger, root=bit_by_bit)) == content(open_index(ledger, root=at_once))


def test_what_is_counted_in_is_not_read_again(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_index(ledger, root=tmp_path)
    ledger.append(lambda _: intake(landed("landing/new.csv")))
    counted: list[int] = []
    monkeypatch.setattr(catch_up, "project", lambda _, record: counted.append(record.number))
    open_index(ledger, root=tmp_path)
    assert counted == [31]


@pytest.mark.parametrize("records", [1, 7, 8, 20, 30])
def test_killed_in_the_middle_it_goes_on_from_there(ledger: Ledger, tmp_path: Path, records: int) -> None:
    killed = _reader(tmp_path, str(records))
    killed.communicate("go\n", timeout=60)
    assert killed.returncode == -9
    other = tmp_path / "other"
    assert content(open_index(ledger, root=tmp_path)) == content(open_index(ledger, root=other))


def test_two_processes_at_once_make_what_one_makes(ledger: Ledger, tmp_path: Path) -> None:
    readers = [_reader(tmp_path) for _ in range(3)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    for reader in readers:
        assert reader.stdin is not None
        reader.stdin.write("go\n")
        reader.stdin.flush()
    assert [reader.wait(timeout=60) for reader in readers] == [0, 0, 0]
    index = Database.of(ledger.url, root=tmp_path, kinds=KINDS)
    assert index.position().number == 30
    assert content(index) == content(open_index(ledger, root=tmp_path / "other"))


def _reader(root: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ml_assets_tests.ledger.index.reader", str(root), *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("length", [0, 1, 29, 30, 31, 45])
def test_a_ledger_that_was_replaced_begins_anew(ledger: Ledger, tmp_path: Path, length: int) -> None:
    open_index(ledger, root=tmp_path)
    for file in sorted((tmp_path / "ledger").rglob("*.json")):
        file.unlink()
    replaced = Ledger.open("ledger", root=tmp_path)
    append_all([intake(landed(f"landing/{number}.csv")) for number in range(length)], replaced)
    with open_index(replaced, root=tmp_path).reading() as connection:
        numbers = connection.execute("SELECT count(*) FROM record").fetchone()[0]
        keys = connection.execute("SELECT count(*) FROM landed WHERE key LIKE 'in/%'").fetchone()[0]
    assert (numbers, keys) == (length, 0)


def test_deleted_it_is_made_again_and_torn_too(ledger: Ledger, tmp_path: Path) -> None:
    index = open_index(ledger, root=tmp_path)
    before = content(index)
    index.file.unlink()
    assert content(open_index(ledger, root=tmp_path)) == before
    index.file.write_bytes(b"not a database at all" * 1000)
    assert content(open_index(ledger, root=tmp_path)) == before


def test_an_index_of_other_projectors_begins_anew(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up, "KINDS", "intake")
    open_index(ledger, root=tmp_path)
    monkeypatch.undo()
    index = Database.of(ledger.url, root=tmp_path, kinds=KINDS)
    assert index.position() == Position()
    assert content(open_index(ledger, root=tmp_path)) == content(open_index(ledger, root=tmp_path / "other"))


def test_records_that_are_no_chain_are_said(ledger: Ledger, tmp_path: Path) -> None:
    place = tmp_path / "ledger" / layout.record_path(12)
    other = intake(note="forged").numbered(number=12, previous=ledger.get(11).digest)
    place.chmod(0o644)
    place.write_bytes(other.canonical())
    with pytest.raises(ChainBroken, match="record 12"):
        open_index(ledger, root=tmp_path)


def test_an_empty_ledger_leaves_no_file_behind(tmp_path: Path) -> None:
    with open_index(Ledger.open("ledger", root=tmp_path), root=tmp_path).reading() as connection:
        assert connection.execute("SELECT count(*) FROM record").fetchone()[0] == 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said_with_its_place(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / ".ml_assets").write_text("")
    with pytest.raises(IndexUnusable, match=r"\.ml_assets/index"):
        open_index(ledger, root=tmp_path)


def test_a_record_that_another_process_counts_in_meanwhile_is_no_other_ledger(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_index(ledger, root=tmp_path)
    other = Ledger.open("ledger", root=tmp_path)
    head = ledger.head

    def overtaken() -> AnyRecord | None:
        monkeypatch.setattr(ledger, "head", head)
        newest = head()
        other.append(lambda _: intake(landed("landing/new.csv")))
        open_index(other, root=tmp_path)
        return newest

    monkeypatch.setattr(ledger, "head", overtaken)
    counted: list[int] = []
    project = projectors.project

    def counting(connection: Connection, record: AnyRecord) -> None:
        counted.append(record.number)
        project(connection, record)

    monkeypatch.setattr(catch_up, "project", counting)
    index = open_index(ledger, root=tmp_path)
    assert (counted, index.position().number) == ([31], 31)
