"""All that lies in the landing zone now, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ml_assets.landing.failures import explained
from ml_assets.landing.objects import LandedObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef


def list_objects(client: S3Client, bucket: str, prefix: str) -> Iterator[LandedObject]:
    """The objects below `prefix` in the order of their keys, without the markers that stand for folders.

    Raises BucketMissing, AccessDenied, EndpointUnreachable or StorageFailed.
    """
    where = f"s3://{bucket}/{prefix}"
    with explained(client, bucket=bucket, where=where, doing="to list the objects"):
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                if not _is_folder_marker(found):
                    yield _landed(bucket, found)


def _is_folder_marker(found: ObjectTypeDef) -> bool:
    # Consoles make these; one that has content is somebody's data under an odd name, and gets refused aloud.
    return found["Key"].endswith("/") and found["Size"] == 0


def _landed(bucket: str, found: ObjectTypeDef) -> LandedObject:
    return LandedObject(
        bucket=bucket,
        key=found["Key"],
        etag=found["ETag"].strip('"'),
        size=found["Size"],
        last_modified=found["LastModified"],
    )
