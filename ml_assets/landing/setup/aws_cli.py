"""The wiring as commands of the AWS CLI, for those who may not let us make it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ml_assets.landing.setup.wiring import OURS

if TYPE_CHECKING:
    from ml_assets.landing.setup.wiring import Wiring

# Not a shell's text: put into documents as account and region, and made variables of the shell at the end.
_ACCOUNT, _REGION = "{ACCOUNT}", "{REGION}"


def aws_cli(wiring: Wiring) -> str:
    """A script for sh. Where the bucket tells somebody already, it says what has to be merged by hand."""
    lines = [
        "set -eu",
        "ACCOUNT=$(aws sts get-caller-identity --query Account --output text)",
        "REGION=$(aws configure get region || echo ${AWS_REGION:-$AWS_DEFAULT_REGION})",
        *_queues(wiring),
        *_BETWEEN[wiring.via](wiring),
        *_notification(wiring),
    ]
    return "\n".join(lines) + "\n"


def _queues(wiring: Wiring) -> Iterator[str]:
    dead, queue = wiring.dead_letters, wiring.queue
    attributes = _document(wiring.dead_letter_attributes())
    yield f"aws sqs create-queue --queue-name {dead} --attributes {attributes}"
    attributes = _document(wiring.queue_attributes(_arn("sqs", dead)))
    yield f"aws sqs create-queue --queue-name {queue} --attributes {attributes}"
    yield f"QUEUE=$(aws sqs get-queue-url --queue-name {queue} --query QueueUrl --output text)"


def _direct(wiring: Wiring) -> Iterator[str]:
    yield _access(wiring.bucket_may_send(_arn("sqs", wiring.queue)))


def _sns(wiring: Wiring) -> Iterator[str]:
    topic, queue = _arn("sns", wiring.topic), _arn("sqs", wiring.queue)
    yield f"aws sns create-topic --name {wiring.topic}"
    policy = _document(_policy(wiring.bucket_may_publish(topic)))
    yield (
        f"aws sns set-topic-attributes --topic-arn {_shell(topic)} --attribute-name Policy "
        f"--attribute-value {policy}"
    )
    yield _access(wiring.source_may_send(queue, source_arn=topic))
    yield (
        f"aws sns subscribe --topic-arn {_shell(topic)} --protocol sqs "
        f"--notification-endpoint {_shell(queue)} --attributes RawMessageDelivery=true"
    )


def _eventbridge(wiring: Wiring) -> Iterator[str]:
    queue = _arn("sqs", wiring.queue)
    yield f"aws events put-rule --name {wiring.rule} --event-pattern {_document(wiring.event_pattern())}"
    yield _access(wiring.source_may_send(queue, source_arn=_arn("events", f"rule/{wiring.rule}")))
    yield f"aws events put-targets --rule {wiring.rule} --targets {_document([{'Id': OURS, 'Arn': queue}])}"


_BETWEEN = {"direct": _direct, "sns": _sns, "eventbridge": _eventbridge}


def _notification(wiring: Wiring) -> Iterator[str]:
    configuration: dict[str, Any]
    match wiring.via:
        case "direct":
            entry = wiring.notification(destination=_arn("sqs", wiring.queue))
            configuration = {"QueueConfigurations": [entry]}
        case "sns":
            entry = wiring.notification(destination=_arn("sns", wiring.topic))
            configuration = {"TopicConfigurations": [entry]}
        case "eventbridge":
            configuration = {"EventBridgeConfiguration": {}}
    yield "# The next command REPLACES the bucket's whole notification configuration. Look first at"
    yield f"#   aws s3api get-bucket-notification-configuration --bucket {wiring.bucket}"
    yield "# and add what it shows; `ml-assets landing setup` merges by itself."
    yield (
        f"aws s3api put-bucket-notification-configuration --bucket {wiring.bucket} "
        f"--notification-configuration {_document(configuration)}"
    )


def _access(statement: dict[str, Any]) -> str:
    policy = json.dumps(_policy(statement))
    return f'aws sqs set-queue-attributes --queue-url "$QUEUE" --attributes {_document({"Policy": policy})}'


def _policy(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def _arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:{_REGION}:{_ACCOUNT}:{name}"


def _document(document: object) -> str:
    return _shell(json.dumps(document))


def _shell(text: str) -> str:
    """Quoted for sh, with account and region as its variables."""
    quoted = text.replace("'", "'\\''")
    for mark in (_ACCOUNT, _REGION):
        quoted = quoted.replace(mark, f"'\"${mark[1:-1]}\"'")
    return f"'{quoted}'"
