"""What `aws s3 sync` does, by boto3: brings what is new below a prefix into a folder.

A process of the peer in `one_day`: `python -m benchmarks.sync BUCKET PREFIX FOLDER`. It starts faster
than the AWS command line, and so is the harder one to beat.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef


def sync(client: S3Client, *, bucket: str, prefix: str, folder: Path) -> int:
    """Download objects that are missing, of another size, or younger than the file; how many these were."""
    count = 0
    for each in _objects(client, bucket, prefix):
        target = folder / each["Key"].removeprefix(prefix)
        if _is_current(target, each):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        client.download_file(bucket, each["Key"], str(target))
        count += 1
    return count


def _objects(client: S3Client, bucket: str, prefix: str) -> Iterator[ObjectTypeDef]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", ())


def _is_current(target: Path, landed: ObjectTypeDef) -> bool:
    if not target.exists():
        return False
    found = target.stat()
    return found.st_size == landed["Size"] and found.st_mtime >= landed["LastModified"].timestamp()


def main() -> None:
    import boto3

    bucket, prefix, folder = sys.argv[1:]
    count = sync(boto3.client("s3"), bucket=bucket, prefix=prefix, folder=Path(folder))
    print(f"{count} files came")


if __name__ == "__main__":
    main()
