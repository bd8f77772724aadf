"""What the set-up asks of S3, SQS, SNS and EventBridge; each failure says which permission is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from ml_assets.landing.errors import BucketMissing, LandingError, QueueMissing, SetupFailed
from ml_assets.landing.failures import asked
from ml_assets.landing.queue import Queue

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

    from ml_assets.landing.errors import Service


@dataclass(frozen=True, kw_only=True)
class Clients:
    """Each method raises SetupFailed, AccessDenied or EndpointUnreachable.

    `of` makes boto3's client of a service; of those alone that are asked, for each reads a description of it.
    """

    of: Callable[[str], Any]

    @cached_property
    def s3(self) -> S3Client:
        return cast("S3Client", self.of("s3"))

    @cached_property
    def sqs(self) -> SQSClient:
        return cast("SQSClient", self.of("sqs"))

    @cached_property
    def sns(self) -> SNSClient:
        return cast("SNSClient", self.of("sns"))

    @cached_property
    def events(self) -> EventBridgeClient:
        return cast("EventBridgeClient", self.of("events"))

    def attributes(self, queue: str) -> dict[str, str]:
        """Of the queue of that name; none when there is no such queue."""
        try:
            url = Queue(self.sqs, queue).url()
        except QueueMissing:
            return {}
        with self._asked("SQS", queue, "sqs:GetQueueAttributes"):
            answer: Any = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return dict(answer["Attributes"])

    def arn(self, queue: str) -> str:
        """Raises QueueMissing as well."""
        found = self.attributes(queue)
        if not found:
            raise QueueMissing(queue=queue, endpoint=self.sqs.meta.endpoint_url)
        return found["QueueArn"]

    def create_queue(self, queue: str, attributes: Mapping[str, str]) -> None:
        with self._asked("SQS", queue, "sqs:CreateQueue"):
            self.sqs.create_queue(QueueName=queue, Attributes=_any(attributes))

    def set_attributes(self, queue: str, attributes: Mapping[str, str]) -> None:
        url = Queue(self.sqs, queue).url()
        with self._asked("SQS", queue, "sqs:SetQueueAttributes"):
            self.sqs.set_queue_attributes(QueueUrl=url, Attributes=_any(attributes))

    def topic_arn(self, topic: str) -> str | None:
        """Looked for by name in the list: SNS has no question for it, but one that makes the topic."""
        with self._asked("SNS", topic, "sns:ListTopics"):
            pages = self.sns.get_paginator("list_topics").paginate()
            arns = [found["TopicArn"] for page in pages for found in page["Topics"]]
        return next((arn for arn in arns if arn.rpartition(":")[2] == topic), None)

    def create_topic(self, topic: str) -> str:
        with self._asked("SNS", topic, "sns:CreateTopic"):
            return self.sns.create_topic(Name=topic)["TopicArn"]

    def topic_policy(self, arn: str) -> str | None:
        with self._asked("SNS", arn, "sns:GetTopicAttributes"):
            return self.sns.get_topic_attributes(TopicArn=arn)["Attributes"].get("Policy")

    def set_topic_policy(self, arn: str, policy: str) -> None:
        with self._asked("SNS", arn, "sns:SetTopicAttributes"):
            self.sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)

    def subscribers(self, topic_arn: str) -> list[str]:
        with self._asked("SNS", topic_arn, "sns:ListSubscriptionsByTopic"):
            pages = self.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
            return [found["Endpoint"] for page in pages for found in page["Subscriptions"]]

    def subscribe(self, topic_arn: str, queue_arn: str) -> None:
        with self._asked("SNS", topic_arn, "sns:Subscribe"):
            self.sns.subscribe(
                TopicArn=topic_arn,
                Protocol="sqs",
                Endpoint=queue_arn,
                Attributes={"RawMessageDelivery": "true"},
            )

    def rule(self, name: str) -> Mapping[str, str] | None:
        with self._asked("EventBridge", name, "events:DescribeRule"):
            try:
                return cast("Mapping[str, str]", self.events.describe_rule(Name=name))
            except self.events.exceptions.ResourceNotFoundException:
                return None

    def put_rule(self, name: str, pattern: str) -> None:
        with self._asked("EventBridge", name, "events:PutRule"):
            self.events.put_rule(Name=name, EventPattern=pattern, State="ENABLED")

    def targets(self, rule: str) -> list[str]:
        with self._asked("EventBridge", rule, "events:ListTargetsByRule"):
            return [found["Arn"] for found in self.events.list_targets_by_rule(Rule=rule)["Targets"]]

    def put_target(self, rule: str, id_: str, arn: str) -> None:
        with self._asked("EventBridge", rule, "events:PutTargets"):
            answer = self.events.put_targets(Rule=rule, Targets=[{"Id": id_, "Arn": arn}])
        if answer["FailedEntryCount"]:
            raise SetupFailed(
                needs="events:PutTargets", where=rule, cause=str(answer["FailedEntries"][0].get("ErrorCode"))
            )

    def notification(self, bucket: str) -> Mapping[str, Any]:
        with self._asked("S3", bucket, "s3:GetBucketNotification"):
            found = self.s3.get_bucket_notification_configuration(Bucket=bucket)
        return cast("Mapping[str, Any]", found)

    def put_notification(self, bucket: str, configuration: Mapping[str, Any]) -> None:
        with self._asked("S3", bucket, "s3:PutBucketNotification"):
            self.s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration=_any(configuration)
            )

    @contextmanager
    def _asked(self, service: Service, where: str, needs: str) -> Iterator[None]:
        endpoint = getattr(self, _CLIENTS[service]).meta.endpoint_url

        def failed(cause: str) -> LandingError:
            if cause == "NoSuchBucket":
                return BucketMissing(bucket=where, endpoint=endpoint)
            return SetupFailed(needs=needs, where=where, cause=cause)

        with asked(endpoint, service=service, where=where, doing=needs, failed=failed, needs=needs):
            yield


_CLIENTS: Mapping[Service, str] = {"S3": "s3", "SQS": "sqs", "SNS": "sns", "EventBridge": "events"}


def _any(document: object) -> Any:
    """The stubs have a type of each document; ours are made and compared as JSON."""
    return document
