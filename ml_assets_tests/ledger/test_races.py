"""Several writers at once make one unbroken chain in which nothing is lost; a plain write loses records."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from ml_assets.ledger import chain
from ml_assets.ledger.record import Draft, Record
from ml_assets.ledger.store import Ledger
from ml_assets_tests.ledger.drafts import intake
from ml_assets_tests.ledger.race import WRITERS, go, race, start


@pytest.mark.parametrize("turns", [10, pytest.param(50, marks=pytest.mark.slow)])
def test_eight_processes_append_one_unbroken_chain(tmp_path: Path, turns: int) -> None:
    wanted = race(str(tmp_path / "ledger"), turns=turns, how="append")

    records = list(Ledger.open("ledger", root=tmp_path).records())

    chain.verify(records)
    assert len(records) == WRITERS * turns
    assert {record.note for record in records} == wanted


def test_control_a_plain_write_loses_records(tmp_path: Path) -> None:
    (tmp_path / "ledger" / "records" / "0000000").mkdir(parents=True)

    wanted = race(str(tmp_path / "ledger"), turns=10, how="overwrite")

    kept = {record.note for record in Ledger.open("ledger", root=tmp_path).records()}
    assert kept < wanted


def test_the_loser_of_a_race_is_asked_again_with_the_winners_record(tmp_path: Path) -> None:
    ledger = Ledger.open("ledger", root=tmp_path)
    seen: list[int | None] = []

    def draft(head: Record | None) -> Draft | None:
        seen.append(head.number if head else None)
        if len(seen) == 1:
            Ledger.open("ledger", root=tmp_path).append(lambda _: intake(note="faster"))
            return intake(note="slower")
        return None

    assert ledger.append(draft) is None
    assert seen == [None, 1]
    assert [record.note for record in ledger.records()] == ["faster"]


def test_writers_killed_at_any_moment_leave_an_unbroken_chain(tmp_path: Path) -> None:
    for pause in (0.0, 0.003, 0.01, 0.02):
        writer = start(str(tmp_path / "ledger"), name="x", turns=9999, how="append")
        go([writer])
        _until_appended(tmp_path / "ledger" / "records" / "0000000")
        time.sleep(pause)
        writer.kill()
        assert writer.wait() == -signal.SIGKILL
        writer.communicate()

    ledger = Ledger.open("ledger", root=tmp_path)
    newest = chain.verify(ledger.records())
    appended = ledger.append(lambda _: intake())

    assert newest is not None
    assert appended is not None
    assert appended.number == newest.number + 1


def _until_appended(folder: Path) -> None:
    before = len(list(folder.glob("*.json")))
    while len(list(folder.glob("*.json"))) == before:
        time.sleep(0.001)
