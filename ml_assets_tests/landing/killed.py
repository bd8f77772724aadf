"""Runs an intake in a process of its own that is killed by SIGKILL at a chosen call."""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ml_assets.demo.s3 import EmbeddedS3
from ml_assets.landing.settings import LandingSettings
from ml_assets_tests.landing.site import Site

if TYPE_CHECKING:
    from ml_assets.landing.ticks import Ticked

# Forked from a server that has imported these already: an intake's process starts in 0.1 s, not in 3 s.
# It has used none of them, so that no thread of theirs is lost by the fork.
_PRELOADED = ["boto3", "botocore.httpsession", "dvc.repo", "polars", "dataframely", __name__]


@dataclass(frozen=True)
class Death:
    """Before or after the `nth` call of the function `at` (a dotted name)."""

    when: Literal["before", "after"]
    at: str
    nth: int = 1

    def __str__(self) -> str:
        count = f" call {self.nth} of" if self.nth > 1 else ""
        return f"{self.when}{count} {self.at.removeprefix('ml_assets.')}"


@dataclass(frozen=True)
class Place:
    """What another process needs to work on the same site."""

    root: Path
    bucket: str
    ledger_url: str
    env: dict[str, str]
    settings: LandingSettings


def place_of(site: Site, server: EmbeddedS3) -> Place:
    return Place(
        root=site.root,
        bucket=site.bucket,
        ledger_url=site.ledger_url,
        env=server.env(),
        settings=site.settings,
    )


def start_intake(place: Place, *, death: Death | None = None) -> multiprocessing.process.BaseProcess:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    process = context.Process(target=_take_in, args=(place, death))
    process.start()
    return process


def start_intakes_at_once(*places: Place) -> list[multiprocessing.process.BaseProcess]:
    """Intakes that all begin in the same moment."""
    begin = time.time() + 1
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    processes: list[multiprocessing.process.BaseProcess] = [
        context.Process(target=_take_in, args=(place, None, begin)) for place in places
    ]
    for process in processes:
        process.start()
    return processes


def start_tick(place: Place, *, queue: str, death: Death) -> multiprocessing.process.BaseProcess:
    """A tick of the sensor, over the site's journal and this queue."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    process = context.Process(target=_tick, args=(place, queue, death))
    process.start()
    return process


def tick(site: Site, queue: str) -> Ticked:
    """One tick in this process; its runs are not started."""
    import boto3
    from dagster import DagsterInstance

    from ml_assets.landing.journal.lease import lease
    from ml_assets.landing.ticks import Tick

    settings = site.settings.model_copy(update={"queue": queue})
    work = Tick(settings, site.ledger, site.root, "data/raw.dvc", "landing")
    with DagsterInstance.ephemeral() as instance, lease(site.journal, who="a tick"):
        return work.run(instance, site.client, boto3.client("sqs"))


def _tick(place: Place, queue: str, death: Death) -> None:
    os.environ.update(place.env)
    site = _site(place)
    die_at(death)
    tick(site, queue)


def _take_in(place: Place, death: Death | None, begin: float = 0) -> None:
    os.environ.update(place.env)
    site = _site(place)
    if death is not None:
        die_at(death)
    time.sleep(max(0, begin - time.time()))
    site.take_in(progress=lambda line: print(f"[{os.getpid()}] {line}", flush=True))  # noqa: T201


def _site(place: Place) -> Site:
    import boto3

    return Site(
        root=place.root,
        bucket=place.bucket,
        client=boto3.client("s3"),
        ledger_url=place.ledger_url,
        settings=place.settings,
    )


def die_at(death: Death) -> None:
    owner_name, _, name = death.at.rpartition(".")
    owner: Any = pkgutil.resolve_name(owner_name)
    setattr(owner, name, _deadly(getattr(owner, name), death))


def _deadly(really: Callable[..., Any], death: Death) -> Callable[..., Any]:
    calls = 0

    def call(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == death.nth and death.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = really(*arguments, **named)
        if calls == death.nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call
