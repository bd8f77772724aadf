"""How fast are events taken down: our listener beside a consumer that forgets what it is told?"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.benchmark import Benchmark, Better, Sides
from benchmarks.errors import MessagesLost
from ml_assets.demo.s3 import EmbeddedS3
from ml_assets.landing.discovery import Discovery
from ml_assets.landing.hearing import Listener
from ml_assets.landing.intake import open_journal
from ml_assets.landing.queue import Queue
from ml_assets.landing.settings import LandingSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MESSAGES = 5000
AT_ONCE = 10
PATIENCE_SECONDS = 300


@contextmanager
def prepare() -> Iterator[Sides]:
    """Each has a queue of its own; every message is the event of an object that nobody has seen yet."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        root = Path(folder)
        with EmbeddedS3(data=root / "s3", port=0) as s3:
            clients = s3.setup_clients()
            fill = _filler(clients.sqs)
            for name in ("ours", "theirs"):
                clients.create_queue(name, {})
            settings = LandingSettings(bucket="b", queue="ours")
            journal = open_journal(settings, root)
            discovery = Discovery(client=clients.s3, settings=settings, journal=journal)

            def ours() -> float:
                fill("ours")
                started = time.perf_counter()
                heard = Listener(discovery, Queue(clients.sqs, "ours")).listen(until=_patience())
                return _rate(heard.news, started)

            def theirs() -> float:
                fill("theirs")
                started = time.perf_counter()
                return _rate(_receive_and_forget(clients.sqs, "theirs"), started)

            yield Sides(ours=ours, theirs=theirs)


def _rate(messages: int, started: float) -> float:
    seconds = time.perf_counter() - started
    if messages != MESSAGES:
        raise MessagesLost(sent=MESSAGES, received=messages)
    return messages / seconds


def _patience() -> float:
    return time.monotonic() + PATIENCE_SECONDS


def _receive_and_forget(client: SQSClient, queue: str) -> int:
    """The loop of every tutorial: receive ten, delete ten."""
    url = client.get_queue_url(QueueName=queue)["QueueUrl"]
    received = 0
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=AT_ONCE).get("Messages"):
        received += len(messages)
        entries: Any = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
        client.delete_message_batch(QueueUrl=url, Entries=entries)
    return received


def _filler(client: SQSClient) -> Callable[[str], None]:
    numbers = count()

    def fill(queue: str) -> None:
        url = client.get_queue_url(QueueName=queue)["QueueUrl"]
        groups = [
            [{"Id": str(n), "MessageBody": _event(next(numbers))} for n in range(AT_ONCE)]
            for _ in range(MESSAGES // AT_ONCE)
        ]

        def send(group: Any) -> None:
            client.send_message_batch(QueueUrl=url, Entries=group)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(send, groups))

    return fill


def _event(number: int) -> str:
    told = {
        "key": f"landing/{number:09}.csv",
        "size": 1,
        "eTag": f"{number:032x}",
        "sequencer": f"{number:016X}",
    }
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": "2026-11-23T12:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "b"}, "object": told},
    }
    return json.dumps({"Records": [record]})


BENCHMARK = Benchmark(
    name="landing-drain",
    question=f"How many events a second are taken down, of {MESSAGES:,} in the embedded queue?",
    peer="receive_message and delete_message_batch in a loop, which keeps nothing",
    aim=1.0,
    better=Better.HIGHER,
    unit="1/s",
    prepare=prepare,
    warm_ups=1,
)
