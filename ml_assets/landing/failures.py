"""What botocore raises, as the errors of this room; nothing of a credential is in a message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ml_assets.landing.errors import (
    AccessDenied,
    BucketMissing,
    EndpointUnreachable,
    LandingError,
    StorageFailed,
)

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

_DENIED = frozenset(
    {
        "AccessDenied",
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

    endpoint = client.meta.endpoint_url
    try:
        yield
    except ClientError as error:
        raise _of_answer(error, bucket=bucket, endpoint=endpoint, where=where, doing=doing) from error
    except NoCredentialsError as error:
        raise AccessDenied(doing=doing, where=where, cause="no credentials were found") from error
    except (NoConnection, HTTPClientError, IncompleteReadError) as error:
        raise EndpointUnreachable(endpoint=endpoint, cause=type(error).__name__) from error
    except BotoCoreError as error:
        raise StorageFailed(doing=doing, where=where, cause=str(error)) from error


def _of_answer(error: ClientError, *, bucket: str, endpoint: str, where: str, doing: str) -> LandingError:
    code = error.response.get("Error", {}).get("Code", "unknown")
    if code == "NoSuchBucket":
        return BucketMissing(bucket=bucket, endpoint=endpoint)
    if code in _DENIED:
        # The message of some servers repeats the access key id and the signature.
        return AccessDenied(doing=doing, where=where, cause=code)
    return StorageFailed(doing=doing, where=where, cause=code)
