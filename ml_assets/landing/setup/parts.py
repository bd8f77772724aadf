"""The parts of the wiring: each can be looked at, and made what it should be."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml_assets.landing.setup.notification import tells, with_entry, with_eventbridge
from ml_assets.landing.setup.policy import has_statement, with_statement
from ml_assets.landing.setup.wiring import LEAST_VISIBILITY_SECONDS, OURS, Wiring

if TYPE_CHECKING:
    from ml_assets.landing.setup.clients import Clients


@dataclass(frozen=True)
class Part(ABC):
    """`flaw` says what is not as it should be, None when nothing; `make` mends that.

    Both raise what Clients does.
    """

    wiring: Wiring
    clients: Clients

    @property
    @abstractmethod
    def what(self) -> str: ...

    @abstractmethod
    def flaw(self) -> str | None: ...

    @abstractmethod
    def make(self) -> None: ...


@dataclass(frozen=True)
class DeadLetters(Part):
    """The queue of those messages that could not be written down."""

    @property
    def what(self) -> str:
        return f"queue {self.wiring.dead_letters}, for messages that could not be written down"

    def flaw(self) -> str | None:
        return None if self.clients.attributes(self.wiring.dead_letters) else "is missing"

    def make(self) -> None:
        self.clients.create_queue(self.wiring.dead_letters, self.wiring.dead_letter_attributes())


@dataclass(frozen=True)
class Landing(Part):
    """The queue that the landing hears."""

    @property
    def what(self) -> str:
        return f"queue {self.wiring.queue}, which the landing hears"

    def flaw(self) -> str | None:
        found = self.clients.attributes(self.wiring.queue)
        if not found:
            return "is missing"
        lacking = self._lacking(found)
        return f"has no fit {' and '.join(lacking)}" if lacking else None

    def make(self) -> None:
        wanted = self.wiring.queue_attributes(self.clients.arn(self.wiring.dead_letters))
        found = self.clients.attributes(self.wiring.queue)
        if not found:
            self.clients.create_queue(self.wiring.queue, wanted)
            return
        self.clients.set_attributes(self.wiring.queue, {name: wanted[name] for name in self._lacking(found)})

    def _lacking(self, found: Mapping[str, str]) -> list[str]:
        """What of a queue that somebody else made has to be changed; the rest is theirs to choose."""
        short = int(found["VisibilityTimeout"]) < LEAST_VISIBILITY_SECONDS
        names = {"VisibilityTimeout": short, "RedrivePolicy": not found.get("RedrivePolicy")}
        return [name for name, is_lacking in names.items() if is_lacking]


@dataclass(frozen=True)
class Topic(Part):
    """The topic that the bucket publishes to."""

    @property
    def what(self) -> str:
        return f"topic {self.wiring.topic}, to which bucket {self.wiring.bucket} may publish"

    def flaw(self) -> str | None:
        arn = self.clients.topic_arn(self.wiring.topic)
        if arn is None:
            return "is missing"
        statement = self.wiring.bucket_may_publish(arn)
        return (
            None
            if has_statement(self.clients.topic_policy(arn), statement)
            else "lets the bucket not publish"
        )

    def make(self) -> None:
        arn = self.clients.create_topic(self.wiring.topic)
        policy = with_statement(self.clients.topic_policy(arn), self.wiring.bucket_may_publish(arn))
        self.clients.set_topic_policy(arn, policy)


@dataclass(frozen=True)
class Rule(Part):
    """EventBridge's rule, and the queue as its target."""

    @property
    def what(self) -> str:
        return f"rule {self.wiring.rule} of EventBridge, with the queue as its target"

    def flaw(self) -> str | None:
        rule = self.clients.rule(self.wiring.rule)
        if rule is None:
            return "is missing"
        if json.loads(rule.get("EventPattern", "{}")) != self.wiring.event_pattern():
            return "lets other events through"
        if rule.get("State") == "DISABLED":
            return "is disabled"
        queue = self.clients.arn(self.wiring.queue)
        return (
            None if queue in self.clients.targets(self.wiring.rule) else "does not have the queue as a target"
        )

    def make(self) -> None:
        self.clients.put_rule(self.wiring.rule, json.dumps(self.wiring.event_pattern()))
        self.clients.put_target(self.wiring.rule, OURS, self.clients.arn(self.wiring.queue))


@dataclass(frozen=True)
class Access(Part):
    """The queue's policy, that lets the bucket, the topic or the rule send."""

    @property
    def what(self) -> str:
        return f"access of {_SENDERS[self.wiring.via]} to the queue"

    def flaw(self) -> str | None:
        policy = self.clients.attributes(self.wiring.queue).get("Policy")
        return None if has_statement(policy, self._statement()) else "is missing"

    def make(self) -> None:
        policy = self.clients.attributes(self.wiring.queue).get("Policy")
        self.clients.set_attributes(self.wiring.queue, {"Policy": with_statement(policy, self._statement())})

    def _statement(self) -> dict[str, Any]:
        queue = self.clients.arn(self.wiring.queue)
        match self.wiring.via:
            case "direct":
                return self.wiring.bucket_may_send(queue)
            case "sns":
                source = self.clients.topic_arn(self.wiring.topic)
            case "eventbridge":
                source = (self.clients.rule(self.wiring.rule) or {}).get("Arn")
        return self.wiring.source_may_send(queue, source_arn=source or "")


@dataclass(frozen=True)
class Subscription(Part):
    """The queue's subscription to the topic."""

    @property
    def what(self) -> str:
        return "subscription of the queue to the topic"

    def flaw(self) -> str | None:
        topic, queue = self.clients.topic_arn(self.wiring.topic), self.clients.arn(self.wiring.queue)
        return None if topic and queue in self.clients.subscribers(topic) else "is missing"

    def make(self) -> None:
        topic = self.clients.create_topic(self.wiring.topic)
        self.clients.subscribe(topic, self.clients.arn(self.wiring.queue))


@dataclass(frozen=True)
class Notification(Part):
    """The bucket's notification, of which there is one document for all who listen."""

    @property
    def what(self) -> str:
        return f"notification of bucket {self.wiring.bucket} for {self.wiring.prefix or 'all keys'}"

    def flaw(self) -> str | None:
        found = self.clients.notification(self.wiring.bucket)
        if self.wiring.via == "eventbridge":
            return None if "EventBridgeConfiguration" in found else "does not tell EventBridge"
        return None if tells(found, self._entry()) else "does not tell of what is put and removed"

    def make(self) -> None:
        found = self.clients.notification(self.wiring.bucket)
        via_bridge = self.wiring.via == "eventbridge"
        wanted = with_eventbridge(found) if via_bridge else with_entry(found, self._entry())
        self.clients.put_notification(self.wiring.bucket, wanted)

    def _entry(self) -> dict[str, Any]:
        if self.wiring.via == "direct":
            return self.wiring.notification(destination=self.clients.arn(self.wiring.queue))
        return self.wiring.notification(destination=self.clients.topic_arn(self.wiring.topic) or "")


_SENDERS = {"direct": "the bucket", "sns": "the topic", "eventbridge": "the rule"}
_PARTS: Mapping[str, tuple[type[Part], ...]] = {
    # Access before what uses it: S3 tries to send when the notification is put.
    "direct": (DeadLetters, Landing, Access, Notification),
    "sns": (DeadLetters, Landing, Topic, Access, Subscription, Notification),
    "eventbridge": (DeadLetters, Landing, Rule, Access, Notification),
}


def parts(wiring: Wiring, clients: Clients) -> list[Part]:
    """All parts of the wiring, in the order in which they can be made."""
    return [part(wiring, clients) for part in _PARTS[wiring.via]]
