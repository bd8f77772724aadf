from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ml_assets.landing.journal.batches import Batch
from ml_assets.landing.next_step import (
    LONGEST_BACKOFF,
    Attempt,
    GiveUp,
    Idle,
    Limits,
    Request,
    Step,
    next_steps,
    parse_run_key,
)
from ml_assets_tests.landing.generations import NOON, batch

LIMITS = Limits(max_attempts=3, backoff=timedelta(seconds=30))
BATCH = batch("a")
SUBJECT = BATCH.subject
SECOND = timedelta(seconds=1)


def _attempt(number: int, *, ago: int, subject: str = SUBJECT, record: int | None = None) -> Attempt:
    return Attempt(subject=subject, number=number, ended=NOON - ago * SECOND, record=record)


def _step(
    new: Batch | None = BATCH,
    *attempts: Attempt,
    unfinished: int | None = None,
    active: Mapping[str, str] | None = None,
    limits: Limits = LIMITS,
    now: datetime = NOON,
) -> Step | None:
    steps = next_steps(
        batches=[new] if new else [],
        unfinished=unfinished,
        attempts=attempts,
        active=active or {},
        limits=limits,
        now=now,
    )
    return steps[0] if steps else None


def test_new_objects_are_asked_for_at_once() -> None:
    assert _step() == Request(f"{SUBJECT}:1", "1 new object(s)", batch=BATCH.id)


def test_a_run_that_a_person_started_goes_first() -> None:
    assert _step(active={"": "1234"}) == Idle("run 1234 is at work")


def test_a_batch_has_one_run_at_a_time_and_another_batch_its_own() -> None:
    other = batch("other")
    steps = next_steps(
        batches=[BATCH, other],
        unfinished=7,
        attempts=[],
        active={SUBJECT: "1234"},
        limits=LIMITS,
        now=NOON,
    )

    assert steps == [
        Idle("run 1234 is at work on 1 object(s)"),
        Request(f"{other.subject}:1", "1 new object(s)", batch=other.id),
    ]


def test_what_was_taken_in_is_not_finished_by_two_runs_at_once() -> None:
    assert _step(None, unfinished=7, active={"batch-old": "1234"}) == Idle("run 1234 is at work")


def test_nothing_new_starts_nothing() -> None:
    assert _step(None) is None


def test_a_failed_attempt_is_followed_by_another_after_the_backoff() -> None:
    too_early = _step(BATCH, _attempt(1, ago=29))
    due = _step(BATCH, _attempt(1, ago=30))

    assert isinstance(too_early, Idle)
    assert isinstance(due, Request)
    assert due.run_key == f"{SUBJECT}:2"


def test_the_backoff_doubles() -> None:
    attempts = (_attempt(1, ago=200), _attempt(2, ago=59))

    assert isinstance(_step(BATCH, *attempts), Idle)
    assert isinstance(_step(BATCH, attempts[0], _attempt(2, ago=60)), Request)


def test_after_the_last_attempt_it_gives_up_with_the_way_out() -> None:
    found = _step(BATCH, *(_attempt(number, ago=999) for number in (1, 2, 3)))

    assert isinstance(found, GiveUp)
    assert "3 of 3 attempts made; see the log" in found.reason


def test_an_intake_without_its_run_is_finished() -> None:
    assert _step(None, unfinished=7) == Request(
        "record-7:1", "record 7 took objects in, and no finished run came after it"
    )


def test_the_run_that_took_objects_in_counts_as_an_attempt_to_finish() -> None:
    """Else a run whose stage fails at once would be started again without any pause."""
    committed = _attempt(1, ago=10, record=7)

    assert isinstance(_step(None, committed, unfinished=7), Idle)
    assert isinstance(_step(None, _attempt(1, ago=30, record=7), unfinished=7), Request)


def test_a_stage_that_always_fails_does_not_hold_new_objects_back() -> None:
    failing = [_attempt(1, ago=100, subject="batch-old", record=7)]
    failing += [_attempt(number, ago=10 - number, subject="record-7") for number in (1, 2)]

    assert isinstance(_step(None, *failing, unfinished=7), GiveUp)
    assert isinstance(_step(BATCH, *failing, unfinished=7), Request)


def test_under_a_steady_feed_failing_intakes_slow_down_although_each_batch_is_another() -> None:
    """The control: counted by batch alone, each tick would start a run that fails."""
    others = [_attempt(1, ago=5 * n, subject=f"batch-{n}") for n in (1, 2, 3, 4)]

    assert not [each for each in others if each.subject == SUBJECT]
    assert isinstance(_step(BATCH, *others), Idle)


def test_an_intake_that_committed_ends_the_slow_down() -> None:
    assert isinstance(
        _step(BATCH, _attempt(1, ago=60, subject="batch-1"), _attempt(1, ago=1, subject="batch-2", record=3)),
        Request,
    )


def test_the_backoff_ends_at_its_longest_however_many_failed() -> None:
    failed = [_attempt(1, ago=int(LONGEST_BACKOFF / SECOND) + n, subject=f"batch-{n}") for n in range(3000)]

    assert isinstance(_step(BATCH, *failed), Request)


ATTEMPTS = st.lists(
    st.builds(
        Attempt,
        subject=st.sampled_from([SUBJECT, "batch-other", "record-7", "record-6"]),
        number=st.integers(1, 9),
        ended=st.integers(0, 9999).map(lambda ago: NOON - ago * SECOND),
        record=st.none() | st.integers(5, 7),
    ),
    max_size=12,
)


@given(attempts=ATTEMPTS, unfinished=st.none() | st.just(7), new=st.booleans())
def test_a_run_key_is_never_used_twice(*, attempts: list[Attempt], unfinished: int | None, new: bool) -> None:
    """Dagster never starts a second run with a run key that it has seen."""
    found = _step(BATCH if new else None, *attempts, unfinished=unfinished)

    if isinstance(found, Request):
        assert parse_run_key(found.run_key) not in {(each.subject, each.number) for each in attempts}


@given(attempts=ATTEMPTS, unfinished=st.none() | st.just(7), new=st.booleans())
def test_what_has_to_be_done_is_done_or_given_up_in_the_end(
    *, attempts: list[Attempt], unfinished: int | None, new: bool
) -> None:
    later = _step(BATCH if new else None, *attempts, unfinished=unfinished, now=NOON + LONGEST_BACKOFF)

    assert (later is None) == (not new and unfinished is None)
    assert not isinstance(later, Idle)


def test_a_run_key_of_others_is_no_attempt_of_ours() -> None:
    assert parse_run_key("2013-01-01") is None
    assert parse_run_key("record-7:12") == ("record-7", 12)
