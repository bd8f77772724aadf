"""Pages of the landing zone's listing, read at a fraction of what botocore's own parser takes.

botocore signs, sends and repeats the requests. Its parser, which makes a dictionary of each object and reads
each time by trial, takes ten times as long as the request.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from ml_assets.landing.errors import StorageFailed
from ml_assets.landing.failures import explained
from ml_assets.landing.objects import LandedObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAGE_KEYS = 1000
ATTEMPTS = 3
_EVENT = "before-parse.s3.ListObjectsV2"
_NOTHING = b"<ListBucketResult/>"
_thread = threading.local()


@dataclass(frozen=True, slots=True)
class Page:
    """Objects in the order of their keys; `more` says whether others come after `last`, the last key."""

    objects: tuple[LandedObject, ...]
    last: str | None
    more: bool
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lister:
    """Lists what is below `prefix` of `bucket`; safe to use in several threads."""

    client: S3Client
    bucket: str
    prefix: str

    def page(self, *, after: str = "") -> Page:
        """The objects whose keys come after `after`, without the markers that stand for folders.

        Raises BucketMissing, AccessDenied, EndpointUnreachable or StorageFailed.
        """
        return self._ask(StartAfter=after) if after else self._ask()

    def folders(self, prefix: str) -> tuple[str, ...]:
        """The first of the folders below `prefix`, each with a slash at its end. Raises as `page`."""
        return self._ask(Prefix=prefix, Delimiter="/").folders

    def _ask(self, **options: Any) -> Page:
        where = f"s3://{self.bucket}/{self.prefix}"
        self.client.meta.events.register(_EVENT, _keep_whole, unique_id="ml_assets")
        with (
            explained(self.client, bucket=self.bucket, where=where, doing="to list the objects"),
            _parsed_here(),
        ):
            for _ in range(ATTEMPTS):
                answer: Any = self.client.list_objects_v2(
                    **{"Bucket": self.bucket, "Prefix": self.prefix, **options}
                )
                if page := _page(answer["Body"], self.bucket):
                    return page
        cause = f"its answer broke off, {ATTEMPTS} times"
        raise StorageFailed(doing="to list the objects", where=where, cause=cause)


@contextmanager
def _parsed_here() -> Iterator[None]:
    # The client is not ours alone: what others list with it, in other threads too, stays as they expect it.
    _thread.parses = True
    try:
        yield
    finally:
        _thread.parses = False


def _keep_whole(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if getattr(_thread, "parses", False) and response_dict["status_code"] == HTTPStatus.OK:
        customized_response_dict["Body"] = response_dict["body"]
        response_dict["body"] = _NOTHING


def _page(body: bytes, bucket: str) -> Page | None:
    """None for an answer that is not whole."""
    try:
        root = ET.fromstring(body)  # noqa: S314 - expat has limits of its own against entities
    except ET.ParseError:
        return None
    space = root.tag.rpartition("}")[0] + "}" if root.tag.startswith("{") else ""
    quoted = root.findtext(f"{space}EncodingType") == "url"
    names = tuple(space + name for name in ("Key", "ETag", "Size", "LastModified"))
    rows = [[each.findtext(name) or "" for name in names] for each in root.iterfind(f"{space}Contents")]
    keys = [unquote_plus(row[0]) if quoted else row[0] for row in rows]
    return Page(
        objects=tuple(
            LandedObject(bucket, key, row[1].strip('"'), int(row[2]), _time(row[3]))
            for key, row in zip(keys, rows, strict=True)
            if not _is_folder_marker(key, row[2])
        ),
        last=keys[-1] if keys else None,
        more=root.findtext(f"{space}IsTruncated") == "true",
        folders=tuple(
            unquote_plus(found) if quoted else found
            for each in root.iterfind(f"{space}CommonPrefixes")
            if (found := each.findtext(f"{space}Prefix"))
        ),
    )


def _is_folder_marker(key: str, size: str) -> bool:
    # Consoles make these; one that has content is somebody's data under an odd name, and gets refused aloud.
    return key.endswith("/") and size == "0"


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
