"""A real queue that hears of a real bucket: what is heard, written down, and only then deleted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from sqlalchemy import select

from ml_assets.demo.s3 import EmbeddedS3
from ml_assets.landing.discovery import Discovery
from ml_assets.landing.errors import EndpointUnreachable, QueueMissing
from ml_assets.landing.hearing import Heard, Listener
from ml_assets.landing.intake import open_journal
from ml_assets.landing.journal.batches import counts
from ml_assets.landing.journal.tables import poison
from ml_assets.landing.queue import Message, Queue
from ml_assets.landing.settings import LandingSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@pytest.fixture
def sqs(embedded_s3: EmbeddedS3, bucket: str) -> SQSClient:
    embedded_s3.make_bucket(bucket, "landing/")
    return boto3.client("sqs")


@pytest.fixture
def listener(s3: S3Client, sqs: SQSClient, bucket: str, tmp_path: Path) -> Listener:
    settings = LandingSettings(bucket=bucket, queue=f"{bucket}-landing")
    discovery = Discovery(client=s3, settings=settings, journal=open_journal(settings, tmp_path))
    return Listener(discovery, Queue(sqs, f"{bucket}-landing"))


def _put(s3: S3Client, bucket: str, *names: str) -> None:
    for name in names:
        s3.put_object(Bucket=bucket, Key=f"landing/{name}", Body=name.encode())


def _listen(listener: Listener, *, until_messages: int) -> Heard:
    """Events are sent by the server after its answer; some are tests of the notification itself."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        listener.listen(until=deadline)
        heard = listener.heard
        if heard.news + heard.same + heard.poison >= until_messages:
            break
    return listener.heard


def test_what_lands_is_heard_once_and_the_queue_is_empty(
    listener: Listener, s3: S3Client, bucket: str
) -> None:
    _put(s3, bucket, *(f"{number}.csv" for number in range(25)))

    heard = _listen(listener, until_messages=25)

    assert (heard.news, heard.poison, heard.foreign) == (25, 0, 0)
    assert listener.queue.depth() == 0
    with listener.discovery.journal.reading() as connection:
        assert counts(connection) == {"discovered": 25}


def test_a_listing_after_the_events_finds_nothing_new(listener: Listener, s3: S3Client, bucket: str) -> None:
    _put(s3, bucket, "a b+c.csv", "ü.csv")
    _listen(listener, until_messages=2)

    found = listener.discovery.reconcile()

    assert (found.listed, found.new, found.missing) == (2, 0, 0)


def test_events_after_the_listing_are_known(listener: Listener, s3: S3Client, bucket: str) -> None:
    _put(s3, bucket, "a.csv", "b.csv")
    listener.discovery.reconcile()

    heard = _listen(listener, until_messages=2)

    assert (heard.news, heard.same) == (0, 2)


def test_messages_come_again_when_they_could_not_be_written_down(
    listener: Listener, s3: S3Client, bucket: str, sqs: SQSClient
) -> None:
    """The control: a consumer that deletes on receipt has lost them."""
    url = listener.queue.url()
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    _put(s3, bucket, "a.csv")
    tried: list[Message] = []

    def fail(messages: Sequence[Message]) -> None:
        tried.extend(messages)
        raise OSError("disk full")

    time.sleep(0.5)
    with pytest.raises(OSError, match="disk full"):
        listener.queue.drain(fail, until=time.monotonic() + 20)
    time.sleep(1.1)

    assert any("a.csv" in message.body for message in tried)
    assert _listen(listener, until_messages=1).news == 1


def test_a_message_that_nobody_understands_is_kept_with_its_reason_and_holds_up_nothing(
    listener: Listener, s3: S3Client, bucket: str, sqs: SQSClient
) -> None:
    sqs.send_message(QueueUrl=listener.queue.url(), MessageBody="hello")
    _put(s3, bucket, "a.csv")

    heard = _listen(listener, until_messages=2)

    assert (heard.news, heard.poison) == (1, 1)
    with listener.discovery.journal.reading() as connection:
        (row,) = connection.execute(select(poison)).mappings()
    assert row["body"] == "hello"
    assert "it is no event of S3" in row["reason"]


def test_a_queue_that_its_server_lost_is_named_with_what_to_do(sqs: SQSClient) -> None:
    with pytest.raises(QueueMissing, match=r"'no-such-queue' at http.*\n.*found by listing alone"):
        Queue(sqs, "no-such-queue").url()


def test_a_server_that_does_not_answer_is_named() -> None:
    client = boto3.client("sqs", endpoint_url="http://127.0.0.1:9", region_name="us-east-1")
    with pytest.raises(EndpointUnreachable, match=r"127\.0\.0\.1:9"):
        Queue(client, "q").url()
