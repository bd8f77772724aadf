"""Receives messages from SQS; they are deleted when what they tell is written down, and not before."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from ml_assets.landing.errors import LandingError, QueueFailed, QueueMissing
from ml_assets.landing.failures import asked

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

AT_ONCE = 10
RECEIVERS = 8
# From one second on SQS asks all its servers; without waiting it asks some, and may miss what is there.
LONG_POLL_SECONDS = 1
_MISSING = frozenset(
    {"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExistException"}
)


@dataclass(frozen=True, slots=True)
class Message:
    """`receipt` is what deletes it; `sent` is when it came into the queue."""

    id: str
    body: str
    receipt: str
    sent: datetime


@dataclass(frozen=True, kw_only=True)
class Drained:
    """`undeleted` messages were accepted, and will come again. `oldest` is when the first was sent.

    `left` are about how many still wait.
    """

    received: int = 0
    undeleted: int = 0
    left: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True)
class Queue:
    """A queue by name, URL or ARN."""

    client: SQSClient
    name: str

    def url(self) -> str:
        """Raises QueueMissing, AccessDenied or EndpointUnreachable."""
        if self.name.startswith(("http://", "https://")):
            return self.name
        account, _, name = self.name.removeprefix("arn:aws:sqs:").rpartition(":")
        owner = {"QueueOwnerAWSAccountId": account.rpartition(":")[2]} if account else {}
        with self._explained("to find the queue"):
            return str(self.client.get_queue_url(QueueName=name or self.name, **owner)["QueueUrl"])

    def drain(self, accept: Callable[[Sequence[Message]], None], *, until: float) -> Drained:
        """Hand over what is in the queue until it is empty, or `time.monotonic()` comes to `until`.

        `accept` gets up to 80 messages at once; when it returns they are deleted. When it raises, nothing is
        deleted, and all of them come again. Raises what `url` raises, and QueueFailed.
        """
        url = self.url()
        received = undeleted = 0
        oldest: datetime | None = None
        with ThreadPoolExecutor(RECEIVERS, thread_name_prefix="sqs") as pool:
            while messages := self._receive(pool, url):
                accept(messages)
                received += len(messages)
                undeleted += self._delete(pool, url, messages)
                oldest = min(filter(None, [oldest, *(each.sent for each in messages)]))
                if time.monotonic() > until:
                    break
        return Drained(received=received, undeleted=undeleted, oldest=oldest, left=self.depth())

    def depth(self) -> int:
        """About how many messages wait. Raises what `url` raises."""
        name: Literal["ApproximateNumberOfMessages"] = "ApproximateNumberOfMessages"
        return int(self._attribute(name))

    def dead_letters(self) -> Queue | None:
        """The queue of those that were received often and never deleted; None when there is none.

        Raises what `url` raises.
        """
        redrive = self._attribute("RedrivePolicy")
        return Queue(self.client, json.loads(redrive)["deadLetterTargetArn"]) if redrive else None

    def _attribute(self, name: Literal["ApproximateNumberOfMessages", "RedrivePolicy"]) -> str:
        with self._explained(f"to ask for {name}"):
            answer = self.client.get_queue_attributes(QueueUrl=self.url(), AttributeNames=[name])
        return answer.get("Attributes", {}).get(name, "")

    def _receive(self, pool: ThreadPoolExecutor, url: str) -> list[Message]:
        # One first: of a queue that is empty most of the time, eight answers cost more than one.
        first = self._receive_once(url)
        if not first and self.depth():
            first = self._receive_once(url, wait_seconds=LONG_POLL_SECONDS)
        if len(first) < AT_ONCE:
            return first
        more = pool.map(lambda _: self._receive_once(url), range(RECEIVERS - 1))
        return [*first, *(message for messages in more for message in messages)]

    def _receive_once(self, url: str, *, wait_seconds: int = 0) -> list[Message]:
        with self._explained("to receive messages"):
            answer: Any = self.client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=AT_ONCE,
                WaitTimeSeconds=wait_seconds,
                MessageSystemAttributeNames=["SentTimestamp"],
            )
        return [_message(each) for each in answer.get("Messages", ())]

    def _delete(self, pool: ThreadPoolExecutor, url: str, messages: Sequence[Message]) -> int:
        """How many could not be deleted, although it was tried twice."""
        # The same message may have been received twice meanwhile; SQS takes each id once in a request.
        unique = list({each.receipt: each for each in messages}.values())
        failed = self._delete_once(pool, url, unique)
        return len(self._delete_once(pool, url, failed)) if failed else 0

    def _delete_once(self, pool: ThreadPoolExecutor, url: str, messages: Sequence[Message]) -> list[Message]:
        def delete(group: Sequence[Message]) -> list[Message]:
            entries: Any = [{"Id": str(at), "ReceiptHandle": each.receipt} for at, each in enumerate(group)]
            with self._explained("to delete messages"):
                answer = self.client.delete_message_batch(QueueUrl=url, Entries=entries)
            return [group[int(each["Id"])] for each in answer.get("Failed", ())]

        groups = [messages[start : start + AT_ONCE] for start in range(0, len(messages), AT_ONCE)]
        return [each for failed in pool.map(delete, groups) for each in failed]

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        endpoint = self.client.meta.endpoint_url

        def failed(cause: str) -> LandingError:
            if cause in _MISSING:
                return QueueMissing(queue=self.name, endpoint=endpoint)
            return QueueFailed(doing=doing, queue=self.name, cause=cause)

        with asked(endpoint, service="SQS", where=self.name, doing=doing, failed=failed):
            yield


def _message(received: Any) -> Message:
    sent = int(received.get("Attributes", {}).get("SentTimestamp", 0)) / 1000
    return Message(
        received["MessageId"], received["Body"], received["ReceiptHandle"], datetime.fromtimestamp(sent, UTC)
    )
