"""The wiring as Terraform resources of the AWS provider. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ml_assets.landing.setup.wiring import EVENTS

if TYPE_CHECKING:
    from ml_assets.landing.setup.wiring import Wiring

_NAME = "landing"
_QUEUE_ARN = f"${{aws_sqs_queue.{_NAME}.arn}}"
_DEAD_ARN = f"${{aws_sqs_queue.{_NAME}_dead_letters.arn}}"
_TOPIC_ARN = f"${{aws_sns_topic.{_NAME}.arn}}"
_RULE_ARN = f"${{aws_cloudwatch_event_rule.{_NAME}.arn}}"
# As an ARN whose account Terraform fills in, so that the statement is the one that the set-up makes.
_PLACEHOLDER = "arn:aws:x:x:${data.aws_caller_identity.current.account_id}:x"


def terraform(wiring: Wiring) -> str:
    """Terraform's JSON syntax (`landing.tf.json`), which every Terraform and OpenTofu reads."""
    resources = {**_queues(wiring), **_between(wiring), **_notification(wiring)}
    document = {
        "//": f"What s3://{wiring.bucket}/{wiring.prefix} tells, by `ml-assets landing setup --terraform`. "
        "aws_s3_bucket_notification owns the bucket's whole notification configuration: where the bucket has "
        "one already, merge the two.",
        "data": {"aws_caller_identity": {"current": {}}},
        "resource": resources,
    }
    return json.dumps(document, indent=2) + "\n"


def _queues(wiring: Wiring) -> dict[str, Any]:
    queue = wiring.queue_attributes(_DEAD_ARN)
    dead = wiring.dead_letter_attributes()
    return {
        "aws_sqs_queue": {
            f"{_NAME}_dead_letters": {
                "name": wiring.dead_letters,
                "message_retention_seconds": int(dead["MessageRetentionPeriod"]),
                "sqs_managed_sse_enabled": True,
            },
            _NAME: {
                "name": wiring.queue,
                "visibility_timeout_seconds": int(queue["VisibilityTimeout"]),
                "message_retention_seconds": int(queue["MessageRetentionPeriod"]),
                "sqs_managed_sse_enabled": True,
                "redrive_policy": queue["RedrivePolicy"],
            },
        },
        "aws_sqs_queue_policy": {
            _NAME: {
                "queue_url": f"${{aws_sqs_queue.{_NAME}.id}}",
                "policy": _policy(_queue_statement(wiring)),
            }
        },
    }


def _queue_statement(wiring: Wiring) -> dict[str, Any]:
    match wiring.via:
        case "direct":
            return {**wiring.bucket_may_send(_PLACEHOLDER), "Resource": _QUEUE_ARN}
        case "sns":
            return wiring.source_may_send(_QUEUE_ARN, source_arn=_TOPIC_ARN)
        case "eventbridge":
            return wiring.source_may_send(_QUEUE_ARN, source_arn=_RULE_ARN)


def _between(wiring: Wiring) -> dict[str, Any]:
    match wiring.via:
        case "direct":
            return {}
        case "sns":
            statement = {**wiring.bucket_may_publish(_PLACEHOLDER), "Resource": _TOPIC_ARN}
            subscription = {
                "topic_arn": _TOPIC_ARN,
                "protocol": "sqs",
                "endpoint": _QUEUE_ARN,
                "raw_message_delivery": True,
            }
            return {
                "aws_sns_topic": {_NAME: {"name": wiring.topic}},
                "aws_sns_topic_policy": {_NAME: {"arn": _TOPIC_ARN, "policy": _policy(statement)}},
                "aws_sns_topic_subscription": {_NAME: subscription},
            }
        case "eventbridge":
            rule = {"name": wiring.rule, "event_pattern": json.dumps(wiring.event_pattern())}
            target = {"rule": f"${{aws_cloudwatch_event_rule.{_NAME}.name}}", "arn": _QUEUE_ARN}
            return {
                "aws_cloudwatch_event_rule": {_NAME: rule},
                "aws_cloudwatch_event_target": {_NAME: target},
            }


def _notification(wiring: Wiring) -> dict[str, Any]:
    notification: dict[str, Any] = {"bucket": wiring.bucket}
    told = {"events": list(EVENTS), "filter_prefix": wiring.prefix}
    match wiring.via:
        case "direct":
            notification["queue"] = [{"queue_arn": _QUEUE_ARN, **told}]
            notification["depends_on"] = [f"aws_sqs_queue_policy.{_NAME}"]
        case "sns":
            notification["topic"] = [{"topic_arn": _TOPIC_ARN, **told}]
            notification["depends_on"] = [f"aws_sns_topic_policy.{_NAME}"]
        case "eventbridge":
            notification["eventbridge"] = True
    return {"aws_s3_bucket_notification": {_NAME: notification}}


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
