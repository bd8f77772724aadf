"""kill -9 of a run or of everything, at any moment: nothing lost, nothing twice, the same bytes."""

from __future__ import annotations

import random
import time
from pathlib import Path

import psutil
import pytest

from ml_assets_tests.journeys.by_hand import reproduce
from ml_assets_tests.journeys.checkout import Checkout, wait_until
from ml_assets_tests.journeys.landings import Lander, Run, landing_runs
from ml_assets_tests.journeys.tracked import MlflowRun, mlflow_runs
from ml_assets_tests.processes import assert_gone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

HISTORY_DAYS = 9
# The demo's own feed stays out of it: the test lands each day itself.
OPTIONS = ("--history", str(HISTORY_DAYS), "--every", "86400")
KILLS = 3
# A run of so few days takes about 13 s on a quiet machine, half of it stages.
LATEST_KILL_SECONDS = 12.0
ALWAYS_WITHIN_A_RUN_SECONDS = 6.0


@pytest.fixture
def hasty(checkout: Checkout) -> Checkout:
    """A checkout whose landing looks often and tries again soon."""
    checkout.set_landing(interval_seconds=2, backoff_seconds=1, max_attempts=20)
    return checkout


def test_killed_runs_and_a_killed_demo_neither_lose_nor_repeat_anything(
    hasty: Checkout, tmp_path: Path
) -> None:
    chance = random.Random(913)  # noqa: S311 - not a secret
    demo = hasty.start(*OPTIONS)
    demo.wait_until_ready()
    lander = Lander(hasty, HISTORY_DAYS)

    # The first one dies before it can say which process it is.
    killed = [_kill_a_run(hasty, lander, after=0)]
    for _ in range(KILLS):
        killed.append(_kill_a_run(hasty, lander, after=chance.uniform(0, LATEST_KILL_SECONDS)))
        # What lands after a kill is not held up by it.
        lander.land_next_day()
        _require_finished(lander)

    killed.append(_kill_a_run_in_tracking(hasty, lander))
    wait_until(lambda: _is_tracked(hasty), seconds=120, what="the MLflow run of the newest record")

    _require_idle(hasty)
    lander.correct_first_day()
    lander.land_next_day()
    worker = _wait_for_worker(hasty)
    time.sleep(chance.uniform(0, ALWAYS_WITHIN_A_RUN_SECONDS))
    assert worker.is_running()
    hasty.kill_all()
    demo.process.wait(10)

    again = hasty.start(*OPTIONS)
    again.wait_until_ready()
    _require_finished(lander)
    _require_idle(hasty)
    statuses = [run.status for run in reversed(landing_runs(hasty))]
    assert again.interrupt() == 0
    hasty.require_quiet()

    # Those that were killed one by one, and the one that went down with the demo.
    assert statuses.count("FAILURE") == len(killed) + 1
    assert statuses[-1] == "SUCCESS"
    last = lander.require_exactly_once()
    by_hand = reproduce(hasty.root, tmp_path / "by-hand", lander.files, landed=hasty.project)
    assert last.dvc_lock.encode() == by_hand
    tracked = [run.record for run in mlflow_runs(hasty.project)]
    assert len(tracked) == len(set(tracked)), "a record was tracked twice"
    assert _is_tracked(hasty)


def _kill_a_run(checkout: Checkout, lander: Lander, *, after: float) -> Run:
    """SIGKILL to the process of a landing run, `after` seconds of its life; returns it once it is noticed."""
    for _ in range(5):
        if lander.is_finished():
            _require_idle(checkout)
            lander.land_next_day()
        worker = _wait_for_worker(checkout)
        run = _at_work(checkout)[0]
        time.sleep(after)
        if _kill(worker) and _noticed(checkout, run) == "FAILURE":
            return run
    raise AssertionError("every run ended before it could be killed")


def _kill_a_run_in_tracking(checkout: Checkout, lander: Lander) -> Run:
    """Its record is there, and nothing new lands: only the failed run tells that something is left to do."""
    _require_idle(checkout)
    lander.land_next_day()
    worker = _wait_for_worker(checkout)
    run = _at_work(checkout)[0]
    _require_finished(lander)
    assert _kill(worker)
    assert _noticed(checkout, run) == "FAILURE"
    return run


def _is_tracked(checkout: Checkout) -> bool:
    head = checkout.ledger.head()
    assert head is not None
    return MlflowRun("FINISHED", head.digest) in mlflow_runs(checkout.project)


def _kill(worker: psutil.Process) -> bool:
    """Whether there was something to kill; all that it had started must end with it."""
    try:
        started = [child.pid for child in worker.children(recursive=True)]
        worker.kill()
    except psutil.NoSuchProcess:
        return False
    assert_gone(started, within=10)
    return True


def _noticed(checkout: Checkout, run: Run) -> str:
    """The run's status, as soon as it is no longer thought to be at work."""

    def status() -> str:
        return next(each.status for each in landing_runs(checkout) if each.id == run.id)

    wait_until(lambda: status() in {"FAILURE", "SUCCESS"}, seconds=60, what="somebody to notice the kill")
    return status()


def _wait_for_worker(checkout: Checkout) -> psutil.Process:
    wait_until(checkout.run_workers, seconds=180, what="a run's process")
    return checkout.run_workers()[0]


def _at_work(checkout: Checkout) -> list[Run]:
    return [run for run in landing_runs(checkout) if run.is_at_work]


def _require_finished(lander: Lander) -> None:
    wait_until(lander.is_finished, seconds=300, what="the record of a run on all that has landed")


def _require_idle(checkout: Checkout) -> None:
    wait_until(lambda: not _at_work(checkout), seconds=120, what="the end of the last run")
    # It has succeeded a moment before its process ends.
    wait_until(lambda: not checkout.run_workers(), seconds=30, what="the end of the last run's process")
