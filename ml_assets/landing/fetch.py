"""Downloads pinned generations side by side: what arrives is what was listed, or is told to be gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ml_assets.landing.errors import AccessDenied, LandingError, StorageFailed
from ml_assets.landing.failures import explained
from ml_assets.landing.objects import LandedObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

CHUNK_BYTES = 1 << 20
BODY_ATTEMPTS = 3
TELL_EVERY_SECONDS = 2.0
_GONE = {
    "NoSuchKey": "deleted",
    "NoSuchVersion": "deleted",
    "404": "deleted",
    "PreconditionFailed": "overwritten",
    "412": "overwritten",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A generation whose bytes are in the file `staged`."""

    object: LandedObject
    version_id: str | None
    sha256: str
    staged: Path


@dataclass(frozen=True, slots=True)
class Vanished:
    """A generation that was listed and is no more: a newer one, if any, is found by the next listing."""

    object: LandedObject
    how: Literal["deleted", "overwritten"]


@dataclass(frozen=True, slots=True)
class Unread:
    """An object that is there and cannot be read, now or ever; it does not stop the others."""

    object: LandedObject
    error: LandingError


Outcome = Fetched | Vanished | Unread


def fetch(
    client: S3Client,
    objects: Sequence[LandedObject],
    *,
    into: Path,
    parallel: int,
    progress: Callable[[str], None],
) -> tuple[Outcome, ...]:
    """The outcome of each of `objects`, in their order; files are named by their place in it.

    Raises EndpointUnreachable and BucketMissing, and OSError when `into` takes no more.
    """
    with _pool(parallel) as pool:
        futures = {
            pool.submit(_fetch, client, each, into / f"{number:06}"): each
            for number, each in enumerate(objects)
        }
        _tell(as_completed(futures), total=len(objects), progress=progress)
        return tuple(future.result() for future in futures)


@contextmanager
def _pool(parallel: int) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(parallel, thread_name_prefix="fetch")
    try:
        yield pool
    finally:
        # After a failure or Ctrl-C the ones that have not begun must not begin.
        pool.shutdown(cancel_futures=True)


def _tell(done: Iterable[Future[Outcome]], *, total: int, progress: Callable[[str], None]) -> None:
    told, size = time.monotonic(), 0
    for count, future in enumerate(done, start=1):
        outcome = future.result()
        size += outcome.object.size if isinstance(outcome, Fetched) else 0
        if count == total or time.monotonic() - told > TELL_EVERY_SECONDS:
            progress(f"fetched {count} of {total} objects ({size / 1e6:,.1f} MB)")
            told = time.monotonic()


def _fetch(client: S3Client, landed: LandedObject, staged: Path) -> Outcome:
    from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

    for attempt in range(1, BODY_ATTEMPTS + 1):
        try:
            with explained(client, bucket=landed.bucket, where=landed.url, doing="to read the object"):
                try:
                    return _download(client, landed, staged)
                except (HTTPClientError, IncompleteReadError):
                    # botocore repeats requests, but not a body that broke off; it is pinned, so we may.
                    if attempt == BODY_ATTEMPTS:
                        raise
        except (AccessDenied, StorageFailed) as error:
            cause = error.__cause__
            code = cause.response.get("Error", {}).get("Code", "") if isinstance(cause, ClientError) else ""
            if code in _GONE:
                return Vanished(landed, "deleted" if _GONE[code] == "deleted" else "overwritten")
            return Unread(landed, error)
    raise AssertionError


def _download(client: S3Client, landed: LandedObject, staged: Path) -> Fetched:
    pinned: Any = {"VersionId": landed.version_id} if landed.version_id else {}
    answer = client.get_object(Bucket=landed.bucket, Key=landed.key, IfMatch=f'"{landed.etag}"', **pinned)
    digest, size = _save(answer, staged)
    if size != landed.size:
        cause = f"{size} bytes came where {landed.size} were listed"
        raise StorageFailed(doing="to read the object", where=landed.url, cause=cause)
    return Fetched(object=landed, version_id=answer.get("VersionId"), sha256=digest, staged=staged)


def _save(answer: GetObjectOutputTypeDef, staged: Path) -> tuple[str, int]:
    digest, size = sha256(), 0
    with staged.open("wb") as file:
        for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size
