"""A tick killed with SIGKILL at each of its steps: the next one asks for what is left, once."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import boto3
import pytest

from ml_assets.demo.s3 import EmbeddedS3
from ml_assets.landing.queue import Queue
from ml_assets_tests.landing.killed import Death, place_of, start_tick, tick
from ml_assets_tests.landing.site import BAD, Site, audit, rows

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LANDING = "ml_assets.landing"
STEPS = [
    Death("after", f"{LANDING}.hearing.Listener._accept"),
    Death("before", f"{LANDING}.ticks.Tick._seal"),
    Death("after", f"{LANDING}.discovery.Discovery.seal"),
]
MORE_STEPS = [
    Death("after", f"{LANDING}.queue.Queue._receive"),
    Death("before", f"{LANDING}.discovery.Absorber.absorb"),
    Death("after", f"{LANDING}.discovery.Absorber.absorb"),
    Death("after", f"{LANDING}.queue.Queue._delete_once"),
    Death("before", f"{LANDING}.reconcile.Reconciler._compare"),
    Death("after", f"{LANDING}.reconcile.Reconciler._compare"),
    Death("after", f"{LANDING}.reconcile.Reconciler._end"),
    # Within its transaction.
    Death("after", f"{LANDING}.discovery.seal"),
    Death("before", f"{LANDING}.ticks.Tick._give_up"),
]


def _wait_for_events(sqs: SQSClient, queue: str, *, count: int) -> None:
    deadline = time.monotonic() + 20
    while Queue(sqs, queue).depth() < count and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.mark.parametrize(
    "death", [*STEPS, *(pytest.param(death, marks=pytest.mark.slow) for death in MORE_STEPS)], ids=str
)
def test_killed_at_a_step_the_next_tick_asks_for_all_of_it_once(
    site: Site, embedded_s3: EmbeddedS3, death: Death
) -> None:
    sqs, queue = boto3.client("sqs"), f"{site.bucket}-landing"
    site.put(1, rows(1, 10))
    site.put(2, rows(2, 20))
    site.put(3, BAD)
    _wait_for_events(sqs, queue, count=3)

    process = start_tick(place_of(site, embedded_s3), queue=queue, death=death)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, f"never came to where it dies: {death}"
    (request,) = tick(site, queue).requests
    again = tick(site, queue).requests

    assert [each.run_key for each in again] == [request.run_key]
    site.take_in(batch=request.batch)
    # What is left is to bring the stages up to date.
    assert [each.batch for each in tick(site, queue).requests] == [None]
    assert len(site.records()) == 1
    audit(site)
    assert site.files() == {"numbers/2013-01-01.csv": rows(1, 10), "numbers/2013-01-02.csv": rows(2, 20)}
