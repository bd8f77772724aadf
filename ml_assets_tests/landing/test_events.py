"""Each envelope in which S3's events come, and that nothing else passes for one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_assets.landing.errors import PoisonMessage
from ml_assets.landing.events import sightings
from ml_assets.landing.objects import DeletedObject, LandedObject, Sighting

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=300)
HEX = st.text("0123456789ABCDEF", min_size=2, max_size=18).filter(lambda text: text.strip("0") != "")
LANDED = st.builds(
    LandedObject,
    bucket=st.just("b"),
    key=KEYS,
    etag=st.sampled_from(["0123456789abcdef", "d41d-12"]),
    size=st.integers(0, 2**43),
    last_modified=st.just(AT),
    version_id=st.none() | st.just("v1"),
    sequencer=st.none() | HEX,
)
DELETED = st.builds(
    DeletedObject, bucket=st.just("b"), key=KEYS, deleted_at=st.just(AT), sequencer=st.none() | HEX
)


def of_s3(seen: Sighting, event: str | None = None) -> str:
    found: dict[str, Any] = {"key": quote_plus(seen.key, safe="/"), "sequencer": seen.sequencer}
    if isinstance(seen, LandedObject):
        found |= {"size": seen.size, "eTag": seen.etag, "versionId": seen.version_id or "null"}
    kind = "ObjectCreated:Put" if isinstance(seen, LandedObject) else "ObjectRemoved:Delete"
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": "2026-11-23T12:00:00.000Z",
        "eventName": event or kind,
        "s3": {"bucket": {"name": seen.bucket}, "object": found},
    }
    return json.dumps({"Records": [record]})


def of_sns(seen: Sighting) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "1", "Message": of_s3(seen)})


def of_eventbridge(seen: Sighting) -> str:
    found: dict[str, Any] = {"key": seen.key, "sequencer": seen.sequencer or "0"}
    if isinstance(seen, LandedObject):
        found |= {"size": seen.size, "etag": seen.etag}
        found |= {"version-id": seen.version_id} if seen.version_id else {}
    kind = "Object Created" if isinstance(seen, LandedObject) else "Object Deleted"
    detail = {"bucket": {"name": seen.bucket}, "object": found}
    message = {"source": "aws.s3", "detail-type": kind, "time": "2026-11-23T12:00:00Z", "detail": detail}
    return json.dumps(message)


@pytest.mark.parametrize("envelope", [of_s3, of_sns, of_eventbridge])
@given(seen=LANDED | DELETED)
def test_what_goes_into_an_envelope_comes_out_of_it(envelope: Any, seen: Sighting) -> None:
    assert sightings(envelope(seen)) == (seen,)


def test_keys_with_spaces_and_signs_are_unquoted_only_where_s3_quotes_them() -> None:
    seen = LandedObject("b", "landing/a b+c%20é.csv", "e", 1, AT)

    assert "a+b%2Bc%2520%C3%A9.csv" in of_s3(seen)
    assert sightings(of_s3(seen)) == sightings(of_eventbridge(seen)) == (seen,)


@pytest.mark.parametrize(
    "body",
    [
        '{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}',
        '{"Type": "SubscriptionConfirmation", "Message": "visit this page", "SubscribeURL": "https://…"}',
        of_s3(LandedObject("b", "k", "e", 1, AT), event="ObjectTagging:Put"),
        of_s3(LandedObject("b", "k", "e", 1, AT), event="ObjectRestore:Completed"),
    ],
)
def test_what_tells_of_no_content_is_no_news_and_no_fault(body: str) -> None:
    assert sightings(body) == ()


def test_an_old_version_that_is_deleted_has_no_place_in_the_order_of_the_key() -> None:
    """By its sequencer it would be the newest, and the key be taken for gone."""
    message = json.loads(of_s3(DeletedObject("b", "k", AT, sequencer="0A")))
    message["Records"][0]["s3"]["object"]["versionId"] = "v1"

    assert sightings(json.dumps(message)) == (DeletedObject("b", "k", AT, "v1"),)


@pytest.mark.parametrize(
    "body",
    [
        *("", "no JSON", "[]", "{}", '{"Records": [{}]}', '{"Type": "Notification"}', '{"Records": 3}'),
        of_s3(LandedObject("b", "k", "e", 1, AT)).replace("aws:s3", "aws:ses"),
        of_s3(LandedObject("b", "k", "e", 1, AT)).replace('"size": 1', '"size": "many"'),
    ],
)
def test_anything_else_is_poison_with_its_reason(body: str) -> None:
    with pytest.raises(PoisonMessage, match="no event of S3"):
        sightings(body)


NAMES = st.sampled_from(["Records", "Type", "Message", "detail", "source"]) | st.text()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["Records", "Type", "detail"]) | st.text(), inner)
    ),
)


@given(st.text() | JSON.map(json.dumps))
def test_garbage_is_never_worse_than_poison(body: str) -> None:
    try:
        found = sightings(body)
    except PoisonMessage:
        return
    assert found == ()
