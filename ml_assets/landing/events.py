"""Reads what S3 tells of changes, in whichever envelope it comes; a pure function.

Formats: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from ml_assets.landing.errors import PoisonMessage
from ml_assets.landing.objects import DeletedObject, LandedObject, Sighting

_CREATED = "ObjectCreated:"
_REMOVED = ("ObjectRemoved:", "LifecycleExpiration:")
_OF_EVENTBRIDGE = {"Object Created": _CREATED, "Object Deleted": _REMOVED[0]}
_OF_SNS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")


def sightings(body: str) -> tuple[Sighting, ...]:
    """What the message's body tells: of S3 itself, wrapped by SNS, or from EventBridge.

    Nothing for S3's test event, SNS's confirmations, and events that change no content (tags, restores).
    Raises PoisonMessage for everything else.
    """
    try:
        return tuple(_of(_object(body)))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PoisonMessage(f"it is no event of S3: {type(error).__name__}: {error}") from error


def _of(message: Mapping[str, Any]) -> Iterator[Sighting]:
    if "Records" in message:
        for record in message["Records"]:
            yield from _of_record(record)
    elif message.get("Event") == "s3:TestEvent" or message.get("Type") in _OF_SNS:
        return
    elif message.get("Type") == "Notification":
        yield from _of(_object(message["Message"]))
    elif message.get("source") == "aws.s3":
        yield from _of_eventbridge(message)
    else:
        raise ValueError(f"unknown fields {', '.join(sorted(message)[:8]) or '(none)'}")


def _of_record(record: Mapping[str, Any]) -> Iterator[Sighting]:
    if record["eventSource"] != "aws:s3":
        raise ValueError(f"from {record['eventSource']}")
    found, bucket = record["s3"]["object"], record["s3"]["bucket"]["name"]
    event = record["eventName"].removeprefix("s3:")
    # S3 quotes keys as forms do; EventBridge does not.
    key = unquote_plus(found["key"], errors="strict")
    told = {"etag": found.get("eTag"), "version-id": found.get("versionId")}
    yield from _sighting(event, bucket, _time(record["eventTime"]), {**found, **told, "key": key})


def _of_eventbridge(message: Mapping[str, Any]) -> Iterator[Sighting]:
    detail = message["detail"]
    found = detail["object"]
    event = _OF_EVENTBRIDGE.get(message["detail-type"], message["detail-type"])
    yield from _sighting(event, detail["bucket"]["name"], _time(message["time"]), found)


def _sighting(event: str, bucket: str, time: datetime, found: Mapping[str, Any]) -> Iterator[Sighting]:
    """At most one; `found` is the object as EventBridge names its fields."""
    key = found["key"]
    if not (isinstance(key, str) and key and isinstance(bucket, str)):
        raise ValueError("no key")
    version_id = _optional(found.get("version-id"), nothing="null")
    sequencer = _optional(found.get("sequencer"), nothing="0")
    if event.startswith(_CREATED):
        etag = str(found["etag"]).strip('"')
        yield LandedObject(bucket, key, etag, int(found["size"]), time, version_id, sequencer)
    elif event.startswith(_REMOVED):
        # Of a versioned bucket one old version may be gone: without an order the bucket itself is asked.
        gone_for_good = version_id is not None and "DeleteMarker" not in event
        yield DeletedObject(bucket, key, time, version_id, None if gone_for_good else sequencer)


def _object(text: str) -> Mapping[str, Any]:
    found = json.loads(text)
    if not isinstance(found, Mapping):
        raise TypeError(f"a JSON {type(found).__name__}")
    return found


def _optional(value: object, *, nothing: str) -> str | None:
    return str(value) if value and value != nothing else None


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
