"""What the wiring from a bucket to its queue should be: names, attributes, statements. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

if TYPE_CHECKING:
    from ml_assets.landing.settings import LandingSettings

Via = Literal["direct", "sns", "eventbridge"]
VIAS: tuple[Via, ...] = get_args(Via)

OURS = "MlAssetsLanding"
"""The id of every statement, configuration and target that is ours; others' stay as they are."""

EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
_DETAIL_TYPES = ("Object Created", "Object Deleted")

# A tick hears for at most 50 s and deletes what it has written down: a message must not come again meanwhile.
LEAST_VISIBILITY_SECONDS = 60
_VISIBILITY_SECONDS = 120
_RETENTION_SECONDS = 14 * 24 * 3600
MAX_RECEIVES = 5


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """`bucket` tells `queue`, a name, of what is put and removed under `prefix`."""

    bucket: str
    prefix: str
    queue: str
    via: Via = "direct"

    @classmethod
    def of(cls, settings: LandingSettings, *, via: Via) -> Self:
        """For these settings; without a queue in them, for one named after the bucket."""
        # A queue may be named by its URL or ARN as well.
        queue = re.split(r"[:/]", settings.queue or "")[-1] or default_queue(settings.bucket)
        return cls(bucket=settings.bucket, prefix=settings.prefix, queue=queue, via=via)

    @property
    def dead_letters(self) -> str:
        """Name of the queue where messages go that could not be written down MAX_RECEIVES times."""
        return f"{self.queue}-dead-letters"

    @property
    def topic(self) -> str:
        return self.queue

    @property
    def rule(self) -> str:
        return self.queue

    def queue_attributes(self, dead_letters_arn: str) -> dict[str, str]:
        return {
            "VisibilityTimeout": str(_VISIBILITY_SECONDS),
            "MessageRetentionPeriod": str(_RETENTION_SECONDS),
            "SqsManagedSseEnabled": "true",
            "RedrivePolicy": json.dumps(
                {"deadLetterTargetArn": dead_letters_arn, "maxReceiveCount": MAX_RECEIVES}
            ),
        }

    def dead_letter_attributes(self) -> dict[str, str]:
        return {"MessageRetentionPeriod": str(_RETENTION_SECONDS), "SqsManagedSseEnabled": "true"}

    def bucket_may_send(self, queue_arn: str) -> dict[str, Any]:
        """The queue's statement that lets the bucket send; both are of one account."""
        return self._bucket_may("sqs:SendMessage", queue_arn)

    def bucket_may_publish(self, topic_arn: str) -> dict[str, Any]:
        """The topic's statement that lets the bucket publish; both are of one account."""
        return self._bucket_may("sns:Publish", topic_arn)

    def source_may_send(self, queue_arn: str, *, source_arn: str) -> dict[str, Any]:
        """The queue's statement that lets the topic or the rule send."""
        service = "sns" if self.via == "sns" else "events"
        return _allow(service, "sqs:SendMessage", queue_arn, {"ArnEquals": {"aws:SourceArn": source_arn}})

    def event_pattern(self) -> dict[str, Any]:
        """What EventBridge's rule lets through. Without a prefix, the whole bucket."""
        detail: dict[str, Any] = {"bucket": {"name": [self.bucket]}}
        if self.prefix:
            detail["object"] = {"key": [{"prefix": self.prefix}]}
        return {"source": ["aws.s3"], "detail-type": list(_DETAIL_TYPES), "detail": detail}

    def notification(self, *, destination: str) -> dict[str, Any]:
        """The entry of the bucket's notification configuration, for a queue's or a topic's ARN."""
        kind = "QueueArn" if self.via == "direct" else "TopicArn"
        entry: dict[str, Any] = {"Id": OURS, kind: destination, "Events": list(EVENTS)}
        if self.prefix:
            rule = {"Name": "prefix", "Value": self.prefix}
            entry["Filter"] = {"Key": {"FilterRules": [rule]}}
        return entry

    def _bucket_may(self, action: str, arn: str) -> dict[str, Any]:
        _, partition, _, _, account, _ = arn.split(":", 5)
        condition = {
            "ArnEquals": {"aws:SourceArn": f"arn:{partition}:s3:::{self.bucket}"},
            # The name of a deleted bucket may be taken by somebody else.
            "StringEquals": {"aws:SourceAccount": account},
        }
        return _allow("s3", action, arn, condition)


def default_queue(bucket: str) -> str:
    # A bucket's name may have dots, a queue's may not.
    return f"{bucket.replace('.', '-')}-landing"


def _allow(service: str, action: str, resource: str, condition: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Sid": OURS,
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": action,
        "Resource": resource,
        # Or any bucket, topic or rule of anybody could send here.
        "Condition": condition,
    }
