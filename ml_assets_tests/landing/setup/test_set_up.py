"""The wiring on a real server: made, heard through, looked at, mended; by us and by the AWS CLI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ml_assets.landing.discovery import Discovery
from ml_assets.landing.errors import BucketMissing, EndpointUnreachable, NotificationOverlaps
from ml_assets.landing.hearing import Listener
from ml_assets.landing.intake import open_journal
from ml_assets.landing.journal.batches import counts
from ml_assets.landing.queue import Queue
from ml_assets.landing.s3_settings import LandingS3
from ml_assets.landing.settings import LandingSettings
from ml_assets.landing.setup.aws_cli import aws_cli
from ml_assets.landing.setup.clients import Clients
from ml_assets.landing.setup.run import look, set_up
from ml_assets.landing.setup.terraform import terraform
from ml_assets.landing.setup.wiring import VIAS, Via, Wiring

every_way = pytest.mark.parametrize("via", VIAS)
AWS = Path(__file__).with_name("aws.py")


def wiring_of(bucket: str, via: Via, *, prefix: str = "landing/") -> Wiring:
    return Wiring.of(LandingSettings(bucket=bucket, prefix=prefix), via=via)


def flaws(wiring: Wiring, clients: Clients) -> dict[str, str]:
    return {found.what.split()[0]: found.flaw for found in look(wiring, clients) if found.flaw}


def heard_states(wiring: Wiring, clients: Clients, folder: Path, *, until: dict[str, int]) -> dict[str, int]:
    """What the landing's journal holds after hearing the queue alone, without a listing."""
    settings = LandingSettings(bucket=wiring.bucket, prefix=wiring.prefix, queue=wiring.queue)
    journal = open_journal(settings, folder)
    discovery = Discovery(client=clients.s3, settings=settings, journal=journal)
    deadline = time.monotonic() + 20
    found: dict[str, int] = {}
    while found != until and time.monotonic() < deadline:
        Listener(discovery, Queue(clients.sqs, wiring.queue)).listen(until=deadline)
        with journal.reading() as connection:
            found = counts(connection)
    return found


@every_way
def test_what_is_put_and_removed_is_heard(
    clients: Clients, silent_bucket: str, via: Via, tmp_path: Path
) -> None:
    wiring = wiring_of(silent_bucket, via)
    assert all(found.flaw for found in set_up(wiring, clients))
    for key in ("landing/a b+ü.csv", "landing/gone.csv", "other/c.csv"):
        clients.s3.put_object(Bucket=silent_bucket, Key=key, Body=b"1")
    clients.s3.delete_object(Bucket=silent_bucket, Key="landing/gone.csv")

    wanted = {"discovered": 1, "gone": 1}
    assert heard_states(wiring, clients, tmp_path, until=wanted) == wanted


@every_way
def test_a_second_time_changes_nothing(clients: Clients, silent_bucket: str, via: Via) -> None:
    wiring = wiring_of(silent_bucket, via)
    missing = flaws(wiring, clients)
    list(set_up(wiring, clients))

    assert missing
    assert flaws(wiring, clients) == {}
    assert [found.flaw for found in set_up(wiring, clients) if found.flaw] == []


@every_way
def test_looking_changes_nothing(clients: Clients, silent_bucket: str, via: Via) -> None:
    wiring = wiring_of(silent_bucket, via)
    before = flaws(wiring, clients)
    assert flaws(wiring, clients) == before
    assert "notification" in before
    assert not clients.attributes(wiring.queue)


def test_each_broken_part_is_told_and_mended(clients: Clients, silent_bucket: str) -> None:
    wiring = wiring_of(silent_bucket, "direct")
    list(set_up(wiring, clients))
    clients.put_notification(silent_bucket, {})
    clients.set_attributes(wiring.queue, {"VisibilityTimeout": "5", "RedrivePolicy": "", "Policy": ""})

    broken = flaws(wiring, clients)
    list(set_up(wiring, clients))

    assert broken["queue"] == "has no fit VisibilityTimeout and RedrivePolicy"
    assert broken.keys() == {"queue", "access", "notification"}
    assert flaws(wiring, clients) == {}
    redrive = json.loads(clients.attributes(wiring.queue)["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == clients.arn(wiring.dead_letters)


def test_a_disabled_or_changed_rule_is_told_and_mended(clients: Clients, silent_bucket: str) -> None:
    wiring = wiring_of(silent_bucket, "eventbridge")
    list(set_up(wiring, clients))
    clients.events.disable_rule(Name=wiring.rule)
    disabled = flaws(wiring, clients)
    clients.put_rule(wiring.rule, json.dumps({"source": ["aws.s3"]}))
    changed = flaws(wiring, clients)
    list(set_up(wiring, clients))

    assert disabled == {"rule": "is disabled"}
    assert changed == {"rule": "lets other events through"}
    assert flaws(wiring, clients) == {}


def test_a_queue_of_somebody_else_keeps_what_it_has(clients: Clients, silent_bucket: str) -> None:
    wiring = wiring_of(silent_bucket, "direct")
    clients.create_queue("their-dead-letters", {})
    theirs = {"deadLetterTargetArn": clients.arn("their-dead-letters"), "maxReceiveCount": 3}
    clients.create_queue(wiring.queue, {"VisibilityTimeout": "900", "RedrivePolicy": json.dumps(theirs)})

    list(set_up(wiring, clients))

    found = clients.attributes(wiring.queue)
    assert found["VisibilityTimeout"] == "900"
    assert json.loads(found["RedrivePolicy"])["deadLetterTargetArn"] == theirs["deadLetterTargetArn"]


def test_another_listener_keeps_hearing(clients: Clients, silent_bucket: str) -> None:
    clients.create_queue("theirs", {})
    theirs: dict[str, Any] = {"QueueArn": clients.arn("theirs"), "Events": ["s3:ObjectCreated:*"]}
    clients.put_notification(silent_bucket, {"QueueConfigurations": [{**theirs, "Id": "theirs"}]})

    with pytest.raises(NotificationOverlaps):
        list(set_up(wiring_of(silent_bucket, "direct"), clients))
    list(set_up(wiring_of(silent_bucket, "eventbridge"), clients))

    found = clients.notification(silent_bucket)
    assert [each["QueueArn"] for each in found["QueueConfigurations"]] == [theirs["QueueArn"]]
    assert "EventBridgeConfiguration" in found


@every_way
def test_the_commands_for_the_aws_cli_make_the_same(
    clients: Clients, silent_bucket: str, via: Via, tmp_path: Path
) -> None:
    wiring = wiring_of(silent_bucket, via)
    (tmp_path / "aws").write_text(f'#!/bin/sh\nexec {sys.executable} {AWS} "$@"\n')
    (tmp_path / "aws").chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    ran = subprocess.run(
        ["sh", "-s"], input=aws_cli(wiring), text=True, env=env, capture_output=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert flaws(wiring, clients) == {}


@every_way
def test_terraform_has_the_same_statements_and_patterns(
    clients: Clients, silent_bucket: str, via: Via
) -> None:
    """Terraform is not run here: its resources are compared with what a set-up has made."""
    wiring = wiring_of(silent_bucket, via)
    list(set_up(wiring, clients))
    account = clients.arn(wiring.queue).split(":")[4]
    text = terraform(wiring).replace("${data.aws_caller_identity.current.account_id}", account)
    made = json.loads(text)["resource"]
    arns = {
        "${aws_sqs_queue.landing.arn}": clients.arn(wiring.queue),
        "${aws_sqs_queue.landing_dead_letters.arn}": clients.arn(wiring.dead_letters),
        "${aws_sns_topic.landing.arn}": clients.topic_arn(wiring.topic) or "",
        "${aws_cloudwatch_event_rule.landing.arn}": (clients.rule(wiring.rule) or {}).get("Arn", ""),
    }

    def resolved(document: str) -> Any:
        for reference, arn in arns.items():
            document = document.replace(reference, arn)
        return json.loads(document)

    found = clients.attributes(wiring.queue)
    assert resolved(made["aws_sqs_queue_policy"]["landing"]["policy"]) == json.loads(found["Policy"])
    queue = made["aws_sqs_queue"]["landing"]
    assert resolved(queue["redrive_policy"]) == json.loads(found["RedrivePolicy"])
    assert str(queue["visibility_timeout_seconds"]) == found["VisibilityTimeout"]
    assert made["aws_s3_bucket_notification"]["landing"]["bucket"] == silent_bucket
    if via == "eventbridge":
        pattern = (clients.rule(wiring.rule) or {})["EventPattern"]
        assert json.loads(made["aws_cloudwatch_event_rule"]["landing"]["event_pattern"]) == json.loads(
            pattern
        )


def test_what_goes_wrong_is_named(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BucketMissing, match="no bucket 'nowhere'"):
        flaws(wiring_of("nowhere", "direct"), clients)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(EndpointUnreachable, match="SQS does not answer"):
        flaws(wiring_of("nowhere", "direct"), LandingS3(max_attempts=1).setup_clients())


@pytest.mark.parametrize(
    ("queue", "name"),
    [
        (None, "my-bucket-landing"),
        ("q", "q"),
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/q", "q"),
        ("arn:aws:sqs:eu-west-1:123456789012:q", "q"),
    ],
)
def test_the_queue_is_that_of_the_settings(queue: str | None, name: str) -> None:
    assert Wiring.of(LandingSettings(bucket="my.bucket", queue=queue), via="direct").queue == name
