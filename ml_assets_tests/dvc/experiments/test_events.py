"""What one process tells is what the other one hears."""

from __future__ import annotations

import pytest

from ml_assets.dvc.errors import DvcBridgeError, StageFailed
from ml_assets.dvc.events import Outcome, StageBroke, StageFinished, StageLine, StageSkipped, StageStarted
from ml_assets.dvc.experiments.events import (
    ExperimentBroke,
    ExperimentEvent,
    ExperimentProgress,
    ExperimentSaid,
    ExperimentSaved,
    ExperimentStarted,
    decode,
    encode,
)

EVENTS: list[ExperimentEvent] = [
    ExperimentStarted("a"),
    ExperimentSaid("a", "two\nlines, ünïcode and \x1e"),
    ExperimentSaved("a", "0" * 40, 1.5),
    ExperimentBroke("a", "why"),
    ExperimentProgress("a", StageStarted("s")),
    ExperimentProgress("a", StageLine("s", "kind: StageLine")),
    ExperimentProgress("a", StageFinished("s", Outcome.RESTORED, 0.1)),
    ExperimentProgress("a", StageSkipped("s", "t")),
]


@pytest.mark.parametrize("event", EVENTS, ids=str)
def test_an_event_comes_back_as_it_was_in_one_line(event: ExperimentEvent) -> None:
    text = encode(event)
    assert text.count("\n") == 1
    assert decode(text.rstrip("\n")) == event


def test_of_an_error_its_words_come_back() -> None:
    error = StageFailed("train", "exit code 3", ("last words",))
    found = decode(encode(ExperimentProgress("a", StageBroke("train", error))).rstrip("\n"))
    assert isinstance(found, ExperimentProgress)
    assert isinstance(found.event, StageBroke)
    assert isinstance(found.event.error, DvcBridgeError)
    assert str(found.event.error) == str(error)


def test_what_others_print_is_no_event() -> None:
    assert decode('{"kind": "ExperimentStarted", "name": "a"}') is None
