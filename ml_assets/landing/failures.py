"""What botocore raises, as the errors of this room; nothing of a credential is in a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ml_assets.landing.errors import (
    AccessDenied,
    BucketMissing,
    EndpointUnreachable,
    LandingError,
    Service,
    StorageFailed,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "InvalidToken",
        "403",
        "401",
    }
)


@contextmanager
def explained(client: S3Client, *, bucket: str, where: str, doing: str) -> Iterator[None]:
    """Raises BucketMissing, AccessDenied, EndpointUnreachable or StorageFailed for what goes wrong inside."""
    endpoint = client.meta.endpoint_url

    def failed(cause: str) -> LandingError:
        if cause == "NoSuchBucket":
            return BucketMissing(bucket=bucket, endpoint=endpoint)
        return StorageFailed(doing=doing, where=where, cause=cause)

    with asked(endpoint, service="S3", where=where, doing=doing, failed=failed):
        yield


@contextmanager
def asked(
    endpoint: str,
    *,
    service: Service,
    where: str,
    doing: str,
    failed: Callable[[str], LandingError],
    needs: str | None = None,
) -> Iterator[None]:
    """Raises AccessDenied, EndpointUnreachable, or what `failed` makes of an answer of another kind.

    `needs` are the permissions to name; those of a landing without them.
    """
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        HTTPClientError,
        IncompleteReadError,
        NoCredentialsError,
    )
    from botocore.exceptions import (
        ConnectionError as NoConnection,
    )

    try:
        yield
    except ClientError as error:
        # The message of some servers repeats the access key id and the signature: only its code is told.
        code = error.response.get("Error", {}).get("Code", "unknown")
        if code in _DENIED:
            raise AccessDenied(doing=doing, where=where, cause=code, service=service, needs=needs) from error
        raise failed(code) from error
    except NoCredentialsError as error:
        cause = "no credentials were found"
        raise AccessDenied(doing=doing, where=where, cause=cause, service=service, needs=needs) from error
    except (NoConnection, HTTPClientError, IncompleteReadError) as error:
        raise EndpointUnreachable(endpoint=endpoint, cause=type(error).__name__, service=service) from error
    except BotoCoreError as error:
        raise failed(str(error)) from error
