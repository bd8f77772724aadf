"""A bucket in memory with a clock of whole seconds, which tells its changes by events that may get lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from ml_assets.landing.listing import Page, Row
from ml_assets.landing.objects import DeletedObject, LandedObject, Sighting

BUCKET, PREFIX = "b", "landing/"
BEGIN = datetime(2026, 11, 23, 12, tzinfo=UTC)
PAGE = 1


@dataclass(frozen=True)
class Generation:
    """The `number`-th that was put into the bucket; `content` stands for its ETag."""

    number: int
    key: str
    content: str
    modified: datetime
    sequencer: str | None
    version_id: str | None


@dataclass
class VirtualS3:
    """`sequenced`: events bear sequencers; `versioned`: what was overwritten can be read by its version."""

    sequenced: bool = True
    versioned: bool = False
    now: datetime = BEGIN
    live: dict[str, Generation] = field(default_factory=dict)
    ever: list[Generation] = field(default_factory=list)
    events: list[Sighting] = field(default_factory=list)
    changes: int = 0
    _begun: dict[str, datetime] = field(default_factory=dict)

    def put(self, key: str, content: str, *, begun: timedelta = timedelta(0)) -> None:
        """As one request, or in parts: then the object bears the time when its upload `begun`."""
        number = len(self.ever)
        made = Generation(
            number,
            key,
            content,
            self.now - begun,
            self._sequencer(),
            f"v{number}" if self.versioned else None,
        )
        self.live[key] = made
        self.ever.append(made)
        seen = LandedObject(BUCKET, key, content, 1, made.modified, made.version_id, made.sequencer)
        self.events.append(seen)

    def delete(self, key: str) -> None:
        if self.live.pop(key, None):
            self.events.append(DeletedObject(BUCKET, key, self.now, sequencer=self._sequencer()))

    def read(self, asked: LandedObject) -> Generation | None:
        """What GET gives with If-Match, and with the version where one is named; None: 404 or 412."""
        if asked.version_id:
            return next((each for each in self.ever if each.version_id == asked.version_id), None)
        found = self.live.get(asked.key)
        return found if found and found.content == asked.etag else None

    def _sequencer(self) -> str | None:
        self.changes += 1
        return f"{self.changes:08X}" if self.sequenced else None

    # What boto3's client has of it.

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == BUCKET
        found = self.live.get(Key)
        if found is None:
            raise ClientError({"Error": {"Code": "404"}}, "HeadObject")
        answer = {"ETag": f'"{found.content}"', "ContentLength": 1, "LastModified": found.modified}
        return answer | ({"VersionId": found.version_id} if found.version_id else {})

    def get_paginator(self, _: str) -> VirtualS3:
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        yield {
            "Contents": [
                {"Key": key, "ETag": found.content, "LastModified": found.modified}
                for key, found in sorted(self.live.items())
            ]
        }

    @property
    def meta(self) -> Any:
        class _Meta:
            endpoint_url = "virtual"

        return _Meta()


@dataclass
class VirtualAnswer:
    """What was true when it was asked, whenever it is read."""

    answer: Page

    @property
    def digest(self) -> str:
        return repr((self.answer.rows, self.answer.more))

    def page(self) -> Page:
        return self.answer


@dataclass
class VirtualLister:
    """Pages of the bucket, as `Lister` gives them; `meanwhile` happens between an answer and its arrival."""

    s3: VirtualS3
    bucket: str = BUCKET
    prefix: str = PREFIX
    meanwhile: list[Any] = field(default_factory=list)

    def ask(self, *, after: str = "") -> VirtualAnswer:
        keys = sorted(key for key in self.s3.live if key > after)
        found = tuple(self._listed(key) for key in keys[:PAGE])
        answer = Page(found, found[-1].key if found else None, len(keys) > PAGE)
        if self.meanwhile:
            self.meanwhile.pop()()
        return VirtualAnswer(answer)

    def folders(self, _: str) -> tuple[str, ...]:
        return ()

    def _listed(self, key: str) -> Row:
        found = self.s3.live[key]
        return Row(key, found.content, 1, found.modified.isoformat())
