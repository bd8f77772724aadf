"""What the sensor asks for next: a pure function of the plan, the ledger's state and past attempts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from ml_assets.landing.plan import Plan

LONGEST_BACKOFF = timedelta(hours=1)
_RECORD = "record-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A run that was asked for and has ended.

    `subject` and `number` come from its run key (see `parse_run_key`); `record` is the number of the intake
    record that it appended, if it came so far.
    """

    subject: str
    number: int
    ended: datetime
    record: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How often, and how fast after one another, the same thing is tried."""

    max_attempts: int
    backoff: timedelta


@dataclass(frozen=True, slots=True)
class Request:
    """Start a run; Dagster starts no second one with the same `run_key`, ever."""

    run_key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing to start now."""

    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Tried often enough: a person has to look. Ends when new objects land, or by a run started by hand."""

    reason: str


Step = Request | Idle | GiveUp


def next_step(
    *,
    plan: Plan,
    unfinished: int | None,
    untracked: int | None = None,
    attempts: Sequence[Attempt],
    active: str | None,
    limits: Limits,
    now: datetime,
) -> Step:
    """Decide what to start.

    Args:
        unfinished: number of the newest intake record that landed objects and has no run record after it
            whose stages are all up to date; None when there is none.
        untracked: number of the newest run record, when its run failed after the stages were recorded.
        attempts: ended runs, in any order.
        active: id of a landing run that is queued or at work; there is at most one.
    """
    if active:
        return Idle(f"run {active} is at work")
    if plan.batch:
        what = f"{len(plan.batch)} new object(s)"
        return _take_in(f"batch-{plan.batch_id}", what, attempts, limits=limits, now=now)
    if unfinished is not None:
        what = f"record {unfinished} took objects in, and no finished run came after it"
        return _finish(unfinished, what, attempts, limits=limits, now=now)
    if untracked is not None:
        what = f"the run of record {untracked} failed after its stages"
        return _finish(untracked, what, attempts, limits=limits, now=now)
    if plan.waiting:
        first = plan.waiting[0]
        return Idle(f"{first.object.key} waits for {first.for_key} ({len(plan.waiting)} waiting)")
    return Idle("nothing new")


def parse_run_key(run_key: str) -> tuple[str, int] | None:
    """Subject and number of the attempt; None for a key that is not one of ours."""
    subject, _, number = run_key.rpartition(":")
    return (subject, int(number)) if subject and number.isdecimal() else None


def _take_in(subject: str, what: str, attempts: Sequence[Attempt], *, limits: Limits, now: datetime) -> Step:
    own = [each for each in attempts if each.subject == subject]
    # Each object that lands makes another batch. Were only the batch's own attempts counted, a full disk
    # under a steady feed would start a failing run at every tick. Intakes that committed are no such
    # failure: a stage that always fails must not slow down ingestion.
    batches = sorted((each for each in attempts if not each.subject.startswith(_RECORD)), key=_end)
    failed = list(takewhile(lambda each: each.record is None, reversed(batches)))
    return _try(subject, what, own, failed=failed, limits=limits, now=now)


def _finish(record: int, what: str, attempts: Sequence[Attempt], *, limits: Limits, now: datetime) -> Step:
    subject = f"{_RECORD}{record}"
    # The run that took the objects in was meant to finish, too.
    own = [each for each in attempts if each.subject == subject or each.record == record]
    return _try(subject, what, own, failed=own, limits=limits, now=now)


def _try(
    subject: str,
    what: str,
    own: Sequence[Attempt],
    *,
    failed: Sequence[Attempt],
    limits: Limits,
    now: datetime,
) -> Step:
    """`own` attempts are bounded; `failed` ones, which may be others', tell how long to wait."""
    made = f"{len(own)} of {limits.max_attempts} attempts made"
    if len(own) >= limits.max_attempts:
        return GiveUp(f"{what}: {made}; see the log of the newest run, then start one by hand")
    if failed:
        due = max(map(_end, failed)) + _backoff(len(failed), limits)
        if now < due:
            return Idle(f"{what}: next attempt at {due:%H:%M:%S}, {made}")
    number = max((each.number for each in own if each.subject == subject), default=0) + 1
    return Request(run_key=f"{subject}:{number}", reason=f"{what} ({made})" if own else what)


def _backoff(failures: int, limits: Limits) -> timedelta:
    # Capped before it is computed: 2**5000 seconds is no timedelta.
    return min(limits.backoff * float(2 ** min(failures - 1, 20)), LONGEST_BACKOFF)


def _end(attempt: Attempt) -> datetime:
    return attempt.ended
