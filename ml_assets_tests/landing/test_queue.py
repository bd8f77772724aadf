"""A real queue that hears of a real bucket: what is heard, written down, and only then deleted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def test_dead_letters_are_heard_as_well(
    listener: Listener, s3: S3Client, bucket: str, sqs: SQSClient
) -> None:
    """The events that a tick received again and again, each time killed before it had written them down."""
    url = listener.queue.url()
    dead_letters = listener.queue.dead_letters()
    assert dead_letters
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    _put(s3, bucket, "a.csv")
    deadline = time.monotonic() + 20
    while not dead_letters.depth() and time.monotonic() < deadline:
        sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)

    heard = listener.listen(until=deadline)

    # S3's test of the notification may be among them.
    assert heard.dead_letters == heard.received >= 1
    assert heard.news == 1
    assert dead_letters.depth() == 0


def test_a_queue_without_dead_letters_is_heard(s3: S3Client, sqs: SQSClient, bucket: str) -> None:
    sqs.create_queue(QueueName=f"{bucket}-bare")
    assert Queue(sqs, f"{bucket}-bare").dead_letters() is None


def test_an_empty_answer_is_asked_again_of_all_servers_when_messages_are_left(
    listener: Listener, s3: S3Client, bucket: str, sqs: SQSClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without waiting SQS asks only some of its servers; here it never finds one that has a message."""
    receive = sqs.receive_message

    def of_some_servers(**asked: Any) -> Any:
        return receive(**asked) if asked["WaitTimeSeconds"] else {}

    _put(s3, bucket, "a.csv")
    deadline = time.monotonic() + 20
    while not listener.queue.depth() and time.monotonic() < deadline:
        time.sleep(0.05)
    monkeypatch.setattr(sqs, "receive_message", of_some_servers)

    assert listener.queue.client is sqs
    assert _listen(listener, until_messages=1).news == 1


def test_a_queue_that_its_server_lost_is_named_with_what_to_do(sqs: SQSClient) -> None:
    with pytest.raises(QueueMissing, match=r"'no-such-queue' at http.*\n.*found by listing alone"):
        Queue(sqs, "no-such-queue").url()


def test_a_server_that_does_not_answer_is_named() -> None:
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
    client = session.client("sqs", endpoint_url="http://127.0.0.1:9")
    with pytest.raises(EndpointUnreachable, match=r"127\.0\.0\.1:9"):
        Queue(client, "q").url()
