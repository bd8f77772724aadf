"""Servers that fail in the middle of a tick: what was found stays found, and the next tick finds the rest."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from dagster import DagsterInstance

from ml_assets.demo.s3 import EmbeddedS3
from ml_assets.landing.discovery import Discovery
from ml_assets.landing.errors import AccessDenied, EndpointUnreachable, JournalLocked, LandingBusy
from ml_assets.landing.intake import open_journal
from ml_assets.landing.journal import store
from ml_assets.landing.journal.batches import counts
from ml_assets.landing.journal.lease import lease
from ml_assets.landing.reconcile import Pass
from ml_assets.landing.settings import LandingSettings
from ml_assets.landing.ticks import Tick, Ticked
from ml_assets.ledger.store import Ledger
from ml_assets_tests.landing.faults.flaky_proxy import Fault, FlakyProxy, flaky_proxy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEYS = 7


@pytest.fixture
def full_bucket(s3: S3Client, bucket: str) -> str:
    for number in range(KEYS):
        s3.put_object(Bucket=bucket, Key=f"landing/{number}.csv", Body=b"1")
    return bucket


def _discovery(url: str, bucket: str, folder: Path) -> Discovery:
    config = Config(
        read_timeout=1, retries={"total_max_attempts": 3, "mode": "standard"}, s3={"addressing_style": "path"}
    )
    settings = LandingSettings(bucket=bucket, parallel_listings=1)
    client = boto3.client("s3", endpoint_url=url, config=config)
    return Discovery(client=client, settings=settings, journal=open_journal(settings, folder))


def _known(discovery: Discovery) -> int:
    with discovery.journal.reading() as connection:
        return sum(counts(connection).values())


@pytest.mark.parametrize("fault", ["503", "reset", "truncated", "stalled"])
def test_what_goes_wrong_once_is_asked_again(
    embedded_s3: EmbeddedS3, full_bucket: str, tmp_path: Path, fault: Fault
) -> None:
    with flaky_proxy(embedded_s3.endpoint, {2: fault}) as proxy:
        found = _discovery(proxy.url, full_bucket, tmp_path).reconcile()
    assert (found.listed, found.new) == (KEYS, KEYS)
    assert found.ended


def _interrupted(proxy: FlakyProxy, discovery: Discovery) -> Pass:
    """A pass whose third page cannot be had, and the one that goes on from there."""
    with pytest.raises((AccessDenied, EndpointUnreachable)):
        discovery.reconcile()
    assert 0 < _known(discovery) < KEYS
    proxy.faults.clear()
    proxy.listed = 0
    return discovery.reconcile()


@pytest.mark.parametrize("fault", ["expired", "reset"])
def test_what_stays_wrong_ends_the_tick_and_the_next_goes_on_from_there(
    embedded_s3: EmbeddedS3, full_bucket: str, tmp_path: Path, fault: Fault
) -> None:
    faults: dict[int, Fault] = dict.fromkeys(range(3, 20), fault)
    with flaky_proxy(embedded_s3.endpoint, faults) as proxy:
        found = _interrupted(proxy, _discovery(proxy.url, full_bucket, tmp_path))
        assert proxy.listed < KEYS / proxy.page + 1, "it began anew"
    assert (found.listed, found.new) == (KEYS, KEYS)


@pytest.fixture
def own_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedS3]:
    """A server that the test may kill; its queue and its notification do not survive that, its objects do."""
    with EmbeddedS3(data=tmp_path / "s3", port=0) as server:
        for name, value in server.env().items():
            monkeypatch.setenv(name, value)
        # Of a server that is gone for good nobody need ask again and again.
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        yield server


class Ticks:
    """The sensor's ticks over one journal."""

    def __init__(self, server: EmbeddedS3, root: Path) -> None:
        self.server = server
        self.settings = LandingSettings(
            bucket=server.bucket, queue=server.queue, reconcile_seconds=0, batch_wait_seconds=0
        )
        ledger = Ledger.open((root / "ledger").as_uri(), root=root)
        self.work = Tick(self.settings, ledger, root, "data/raw.dvc", "landing")

    def __call__(self) -> Ticked:
        clients = self.server.setup_clients()
        with DagsterInstance.ephemeral() as instance, lease(self.work.journal, who="a test"):
            return self.work.run(instance, clients.s3, clients.sqs)

    def states(self) -> dict[str, int]:
        with self.work.journal.reading() as connection:
            return counts(connection)


def test_a_queue_that_was_killed_and_is_back_empty_costs_nothing(
    own_server: EmbeddedS3, tmp_path: Path
) -> None:
    tick = Ticks(own_server, tmp_path)
    own_server.client().put_object(Bucket=own_server.bucket, Key="landing/before.csv", Body=b"1")
    assert own_server.pid
    os.kill(own_server.pid, signal.SIGKILL)
    own_server.stop()
    with pytest.raises(EndpointUnreachable):
        tick()
    own_server.start()
    own_server.client().put_object(Bucket=own_server.bucket, Key="landing/after.csv", Body=b"2")

    found = tick()

    assert len(found.requests) == 1
    assert tick.states() == {"sealed": 2}


def test_without_the_queue_the_listing_goes_on_and_it_is_told(own_server: EmbeddedS3, tmp_path: Path) -> None:
    tick = Ticks(own_server, tmp_path)
    sqs = own_server.setup_clients().sqs
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=own_server.queue)["QueueUrl"])
    own_server.client().put_object(Bucket=own_server.bucket, Key="landing/a.csv", Body=b"1")

    found = tick()

    assert "There is no queue" in (found.deaf or "")
    assert tick.states() == {"sealed": 1}


def test_a_journal_that_somebody_locks_is_named_and_works_again_afterwards(
    own_server: EmbeddedS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.2)
    store._engine.cache_clear()
    tick = Ticks(own_server, tmp_path)
    tick()
    own_server.client().put_object(Bucket=own_server.bucket, Key="landing/a.csv", Body=b"1")
    file = tick.work.journal.file
    assert file is not None
    holder = sqlite3.connect(file)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(JournalLocked, match="has been locked"):
        tick()
    holder.close()

    assert tick().requests
    store._engine.cache_clear()


def test_a_journal_that_is_deleted_between_two_ticks_is_made_again(
    own_server: EmbeddedS3, tmp_path: Path
) -> None:
    tick = Ticks(own_server, tmp_path)
    own_server.client().put_object(Bucket=own_server.bucket, Key="landing/a.csv", Body=b"1")
    tick()
    file = tick.work.journal.file
    assert file is not None
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()

    assert len(tick().requests) == 1
    assert tick.states() == {"sealed": 1}


def test_of_two_sensors_at_once_one_ticks(own_server: EmbeddedS3, tmp_path: Path) -> None:
    tick = Ticks(own_server, tmp_path)
    with (
        lease(tick.work.journal, who="the other sensor"),
        pytest.raises(LandingBusy, match="the other sensor"),
    ):
        tick()
