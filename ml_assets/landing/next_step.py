"""What a tick starts: a pure function of the open batches, the ledger's state and past attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml_assets.landing.journal.batches import Batch

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
    """Start a run, to take `batch` in; Dagster starts no second one with the same `run_key`, ever."""

    run_key: str
    reason: str
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing to start now."""

    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Tried often enough: a person has to look. Ends when new objects land, or by a run started by hand."""

    reason: str
    batch: str | None = None


Step = Request | Idle | GiveUp


def next_steps(
    *,
    batches: Sequence[Batch],
    unfinished: int | None,
    untracked: int | None = None,
    attempts: Sequence[Attempt],
    active: Mapping[str, str],
    limits: Limits,
    now: datetime,
) -> Sequence[Step]:
    """Decide what to start: one step a batch, or one that finishes what was taken in; none: nothing to do.

    Args:
        batches: those that are open.
        unfinished: number of the newest intake record that landed objects and has no run record after it
            whose stages are all up to date; None when there is none.
        untracked: number of the newest run record, when its run failed after the stages were recorded.
        attempts: ended runs, in any order.
        active: id of each landing run that is queued or at work, by its subject ("": started by hand).
    """
    if "" in active:
        return [Idle(f"run {active['']} is at work")]
    if batches:
        return [_take_in(each, attempts, active=active, limits=limits, now=now) for each in batches]
    if active:
        return [Idle(f"run {next(iter(active.values()))} is at work")]
    if unfinished is not None:
        what = f"record {unfinished} took objects in, and no finished run came after it"
        return [_finish(unfinished, what, attempts, limits=limits, now=now)]
    if untracked is not None:
        what = f"the run of record {untracked} failed after its stages"
        return [_finish(untracked, what, attempts, limits=limits, now=now)]
    return []


def parse_run_key(run_key: str) -> tuple[str, int] | None:
    """Subject and number of the attempt; None for a key that is not one of ours."""
    subject, _, number = run_key.rpartition(":")
    return (subject, int(number)) if subject and number.isdecimal() else None


def _take_in(
    batch: Batch, attempts: Sequence[Attempt], *, active: Mapping[str, str], limits: Limits, now: datetime
) -> Step:
    subject = batch.subject
    if subject in active:
        return Idle(f"run {active[subject]} is at work on {batch.files} object(s)")
    own = [each for each in attempts if each.subject == subject]
    # Each object that lands makes another batch. Were only the batch's own attempts counted, a full disk
    # under a steady feed would start a failing run at every tick. Intakes that committed are no such
    # failure: a stage that always fails must not slow down ingestion.
    ended = sorted((each for each in attempts if not each.subject.startswith(_RECORD)), key=_end)
    failed = list(takewhile(lambda each: each.record is None, reversed(ended)))
    step = _try(subject, f"{batch.files} new object(s)", own, failed=failed, limits=limits, now=now)
    return step if isinstance(step, Idle) else replace(step, batch=batch.id)


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
