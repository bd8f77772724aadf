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
from hashlib import blake2b
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from ml_assets.landing.errors import StorageFailed
from ml_assets.landing.failures import explained
from ml_assets.landing.journal.pages import PageMark
from ml_assets.landing.objects import LandedObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAGE_KEYS = 1000
ATTEMPTS = 3
# With a wildcard for the service, which comes before botocore's own handler: that parses each answer to see
# whether it is an error. Where the order is another, it only takes longer.
_EVENT = "before-parse.*.ListObjectsV2"
_END = b"</ListBucketResult>"
_OBJECT = b"<Contents>"
_HEAD = 200
_NOTHING = b"<ListBucketResult/>"
_thread = threading.local()


class Row(NamedTuple):
    """An object as it is listed; `modified` is as the server writes it, for few are looked at any closer."""

    key: str
    etag: str
    size: int
    modified: str

    def landed(self, bucket: str) -> LandedObject:
        return LandedObject(bucket, self.key, self.etag, self.size, _time(self.modified))


@dataclass(frozen=True, slots=True)
class Page:
    """Objects in the order of their keys; `more` says whether others come after `last`, the last key."""

    rows: tuple[Row, ...]
    last: str | None
    more: bool
    folders: tuple[str, ...] = ()

    def mark(self, position: str, digest: str) -> PageMark:
        """What tells this page, of at least one object, when it comes again after `position`."""
        last = self.rows[-1].key
        return PageMark(
            position=position, digest=digest, last=self.last or last, rows=len(self.rows), more=self.more
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """A page as the server sent it, to be read by a thread that has the time for it."""

    body: bytes

    @property
    def digest(self) -> str:
        """Of the objects and of whether there are more; of nothing that differs from request to request."""
        first, last = self.body.find(_OBJECT), self.body.rfind(_OBJECT)
        end = self.body.find(b"</Contents>", last)
        around = self.body[:first] + self.body[end:]
        more = b"<IsTruncated>true" in around
        return f"{blake2b(self.body[first:end], digest_size=16).hexdigest()} {more}"

    def page(self) -> Page:
        """Without the markers that stand for folders."""
        root = ET.fromstring(self.body)  # noqa: S314 - expat has limits of its own against entities
        space = root.tag.rpartition("}")[0] + "}" if root.tag.startswith("{") else ""
        quoted = root.findtext(f"{space}EncodingType") == "url"
        rows = tuple(_rows(root, space, quoted=quoted))
        return Page(
            rows=tuple(row for row in rows if not _is_folder_marker(row)),
            last=rows[-1].key if rows else None,
            more=root.findtext(f"{space}IsTruncated") == "true",
            folders=tuple(
                _unquoted(found) if quoted else found
                for each in root.iterfind(f"{space}CommonPrefixes")
                if (found := each.findtext(f"{space}Prefix"))
            ),
        )


@dataclass(frozen=True, slots=True)
class Lister:
    """Lists what is below `prefix` of `bucket`; safe to use in several threads."""

    client: S3Client
    bucket: str
    prefix: str

    def ask(self, *, after: str = "") -> Answer:
        """The objects whose keys come after `after`.

        Raises BucketMissing, AccessDenied, EndpointUnreachable or StorageFailed.
        """
        return self._ask(StartAfter=after) if after else self._ask()

    def folders(self, prefix: str) -> tuple[str, ...]:
        """The first of the folders below `prefix`, each with a slash at its end. Raises as `ask`."""
        return self._ask(Prefix=prefix, Delimiter="/").page().folders

    def _ask(self, **options: Any) -> Answer:
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
                if answer["Body"].rstrip().endswith(_END):
                    return Answer(answer["Body"])
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
    body = response_dict["body"]
    # S3 may answer an error with 200: that is left for botocore, which asks again.
    is_listing = response_dict["status_code"] == HTTPStatus.OK and b"<Error" not in body[:_HEAD]
    if getattr(_thread, "parses", False) and is_listing:
        customized_response_dict["Body"] = body
        response_dict["body"] = _NOTHING


def _rows(root: ET.Element, space: str, *, quoted: bool) -> Iterator[Row]:
    names = {f"{space}{name}": name for name in ("Key", "ETag", "Size", "LastModified")}
    for each in root.iterfind(f"{space}Contents"):
        found = {names[part.tag]: part.text or "" for part in each if part.tag in names}
        key = _unquoted(found["Key"]) if quoted else found["Key"]
        yield Row(key, found["ETag"].strip('"'), int(found["Size"]), found["LastModified"])


def _unquoted(text: str) -> str:
    # Most keys have nothing to unquote, and finding that out costs less.
    return unquote_plus(text) if "%" in text or "+" in text else text


def _is_folder_marker(row: Row) -> bool:
    # Consoles make these; one that has content is somebody's data under an odd name, and gets refused aloud.
    return row.size == 0 and row.key.endswith("/")


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
