from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ml_assets.dvc.content import content_of
from ml_assets.landing.history import History
from ml_assets.landing.journal.store import Journal
from ml_assets.landing.journal.zone import Zone
from ml_assets.landing.objects import LandedObject
from ml_assets.ledger.record import IntakeRecord, RunDraft, RunRecord
from ml_assets_tests.landing.generations import as_landed, as_quarantined, intake, landed

RAW = "data/raw.dvc"
A, B = landed("a.csv", "A"), landed("a.csv", "B")


def _text(content: str, size: str = "  size: 1\n") -> str:
    return f"outs:\n- md5: {content}.dir\n{size}  path: raw\n"


def _intake(number: int, item: LandedObject, content: str) -> IntakeRecord:
    return intake(number, as_landed(item), dvc_files={RAW: _text(content)})


def _run(number: int, content: str | None, *stale: str) -> RunRecord:
    origin = intake(1).model_dump(include={"actor", "host", "environment"})
    files = {} if content is None else {RAW: _text(content)}
    record = RunDraft(**origin, dvc_lock="", dvc_files=files, stale=stale).numbered(
        number=number, previous=None
    )
    assert isinstance(record, RunRecord)
    return record


class _Records:
    """What `catch_up` reads: a ledger of these records."""

    def __init__(self, *records: IntakeRecord | RunRecord) -> None:
        self._records = records

    def head(self) -> IntakeRecord | RunRecord | None:
        return self._records[-1] if self._records else None

    def get(self, number: int) -> IntakeRecord | RunRecord:
        return self._records[number - 1]

    def records(self, after: int = 0) -> Iterator[IntakeRecord | RunRecord]:
        return iter(self._records[after:])


Histories = Callable[..., History]


@pytest.fixture
def history_of(tmp_path: Path) -> Histories:
    journal = Journal("journal.sqlite", root=tmp_path, zone=Zone("b", "landing/"))
    return lambda *records: History.read(journal, _Records(*records), RAW)  # type: ignore[arg-type]


def test_an_intake_is_unfinished_until_a_run_has_seen_it(history_of: Histories) -> None:
    assert history_of(_intake(1, A, "x")).view.took_in == 1
    assert history_of(_intake(1, A, "x"), _run(2, "x")).view.took_in is None


def test_a_run_that_left_stages_out_finishes_nothing(history_of: Histories) -> None:
    assert history_of(_intake(1, A, "x"), _run(2, "x", "model")).view.took_in == 1


def test_a_run_that_began_before_the_intake_does_not_finish_it_although_recorded_after(
    history_of: Histories,
) -> None:
    history = history_of(_intake(1, A, "x"), _intake(2, B, "y"), _run(3, "x"))

    assert history.view.took_in == 2
    assert history.view.raw_text == _text("y")


def test_a_run_on_what_a_person_added_finishes_the_intake_below_it(history_of: Histories) -> None:
    assert history_of(_intake(1, A, "x"), _run(2, "by-hand")).view.took_in is None


def test_an_intake_that_changed_nothing_of_raw_has_nothing_to_finish(history_of: Histories) -> None:
    """Its run would be a no-op, which leaves no record: it would be asked for again and again."""
    assert history_of(_intake(1, A, "x"), _run(2, "x"), _intake(3, B, "x")).view.took_in is None


def test_an_intake_of_refused_files_alone_has_nothing_to_finish(history_of: Histories) -> None:
    record = intake(1, as_quarantined(A))

    assert history_of(record).view.took_in is None


def test_the_file_in_raw_is_the_newest_that_was_not_refused(history_of: Histories) -> None:
    history = history_of(_intake(1, A, "x"), intake(2, as_quarantined(B)))

    assert history.etags_in_raw(["landing/a.csv"]) == {"landing/a.csv": "A"}
    assert history.named_since(1, ["landing/a.csv"]) == {"landing/a.csv"}
    assert history.named_since(2, ["landing/a.csv"]) == set()


def test_equal_content_is_recognised_in_texts_that_differ(history_of: Histories) -> None:
    """A granular `dvc add` leaves out the folder's size at times."""
    history = history_of(_intake(1, A, "x"), _intake(2, B, "y"))

    assert history.record_of(_text("x", size="")) == 1
    assert history.record_of(_text("z")) is None
    assert content_of("torn: [") == "torn: ["


def test_what_was_appended_since_is_counted_in(history_of: Histories) -> None:
    history = history_of(_intake(1, A, "x"))

    history.catch_up(_Records(_intake(1, A, "x"), _intake(2, B, "y"), _run(3, None)))  # type: ignore[arg-type]

    assert (history.view.up_to, history.view.raw_record, history.view.took_in) == (3, 2, None)


def test_a_ledger_that_was_replaced_is_read_from_its_beginning(history_of: Histories) -> None:
    """The control: numbers alone would go on after record 1, and keep what only the old ledger said."""
    history_of(_intake(1, A, "x"))

    replaced = history_of(_intake(1, B, "y"), _run(2, None))

    assert replaced.view.raw_text == _text("y")
    assert replaced.etags_in_raw(["landing/a.csv"]) == {"landing/a.csv": "B"}
