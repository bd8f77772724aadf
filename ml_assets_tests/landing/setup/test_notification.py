"""The bucket's one document for all who listen: ours is put in, and others' are never lost."""

from __future__ import annotations

from typing import Any

import pytest

from ml_assets.landing.errors import NotificationOverlaps
from ml_assets.landing.setup.notification import tells, with_entry, with_eventbridge
from ml_assets.landing.setup.policy import has_statement, with_statement
from ml_assets.landing.setup.wiring import Wiring

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:flights-landing"
WIRING = Wiring(bucket="flights", prefix="landing/", queue="flights-landing")
OURS = WIRING.notification(destination=QUEUE)
A_LAMBDA = "arn:aws:lambda:eu-west-1:123456789012:function:thumbnails"


def told(
    arn: str, *, prefix: str = "", suffix: str = "", event: str = "s3:ObjectCreated:*"
) -> dict[str, Any]:
    kind = "LambdaFunctionArn" if ":lambda:" in arn else "QueueArn"
    rules = [{"Name": "Prefix", "Value": prefix}, {"Name": "Suffix", "Value": suffix}]
    used = [rule for rule in rules if rule["Value"]]
    return {"Id": "theirs", kind: arn, "Events": [event], "Filter": {"Key": {"FilterRules": used}}}


def test_a_bucket_that_tells_nobody_then_tells_us() -> None:
    made = with_entry({"ResponseMetadata": {"RequestId": "1"}}, OURS)
    assert made == {"QueueConfigurations": [OURS]}
    assert tells(made, OURS)


def test_what_others_have_set_stays() -> None:
    theirs = told(A_LAMBDA, prefix="pictures/")
    before = {"LambdaFunctionConfigurations": [theirs], "EventBridgeConfiguration": {}}

    made = with_entry(before, OURS)

    assert made == {**before, "QueueConfigurations": [OURS]}
    assert with_entry(made, OURS) == made


@pytest.mark.parametrize("prefix", ["", "land", "landing/", "landing/flights/"])
def test_another_listener_for_the_same_keys_is_named_and_nothing_is_taken_from_it(prefix: str) -> None:
    before = {"LambdaFunctionConfigurations": [told(A_LAMBDA, prefix=prefix, suffix=".csv")]}
    with pytest.raises(NotificationOverlaps, match=rf"'theirs', to {A_LAMBDA}\n.*--via eventbridge"):
        with_entry(before, OURS)


def test_another_listener_for_other_events_of_the_same_keys_is_no_obstacle() -> None:
    before = {"LambdaFunctionConfigurations": [told(A_LAMBDA, event="s3:ObjectTagging:Put")]}
    assert tells(with_entry(before, OURS), OURS)


def test_an_entry_for_our_queue_that_tells_less_is_replaced() -> None:
    """As the buckets have that were wired by hand, for created objects alone."""
    before = {"QueueConfigurations": [told(QUEUE, prefix="landing/")]}
    assert not tells(before, OURS)
    assert with_entry(before, OURS) == {"QueueConfigurations": [OURS]}


def test_an_entry_for_our_queue_that_tells_more_is_enough() -> None:
    wider = {**OURS, "Id": "by hand", "Filter": {}}
    assert tells({"QueueConfigurations": [wider]}, OURS)
    assert not tells({"QueueConfigurations": [told(QUEUE, suffix=".csv")]}, OURS)


def test_eventbridge_hears_beside_all_others() -> None:
    before = {"LambdaFunctionConfigurations": [told(A_LAMBDA)]}
    assert with_eventbridge(before) == {**before, "EventBridgeConfiguration": {}}


def test_a_policy_keeps_the_statements_of_others() -> None:
    theirs = '{"Version": "2008-10-17", "Id": "p", "Statement": {"Sid": "owner", "Effect": "Allow"}}'
    statement = WIRING.bucket_may_send(QUEUE)

    made = with_statement(theirs, statement)

    assert has_statement(made, statement)
    assert '"owner"' in made
    assert '"2008-10-17"' in made
    assert with_statement(made, statement) == made


def test_a_statement_for_another_bucket_is_not_ours() -> None:
    other = Wiring(bucket="trains", prefix="", queue="flights-landing").bucket_may_send(QUEUE)
    policy = with_statement(None, other)
    assert not has_statement(policy, WIRING.bucket_may_send(QUEUE))


def test_only_the_bucket_of_the_same_account_may_send() -> None:
    """Or whoever takes the name of a deleted bucket could."""
    condition = WIRING.bucket_may_send(QUEUE.replace("arn:aws:", "arn:aws-cn:"))["Condition"]
    assert condition["ArnEquals"] == {"aws:SourceArn": "arn:aws-cn:s3:::flights"}
    assert condition["StringEquals"] == {"aws:SourceAccount": "123456789012"}
