"""The guard before a push on a remote that keeps versions, to which files go by their names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets.dvc.errors import CacheDamaged
from ml_assets.dvc.remote import push
from ml_assets_tests.dvc.damage import corrupt, object_path
from ml_assets_tests.factories import dvc, make_two_stages

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ONE = "c4ca4238a0b923820dcc509a6f75849b"  # "1", as in data/raw/1.txt


def test_nothing_corrupt_reaches_a_versioned_remote(tmp_path: Path, bucket: str, s3: S3Client) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    root = make_two_stages(tmp_path / "project")
    dvc("remote", "add", "-q", "versioned", f"s3://{bucket}/store", cwd=root)
    dvc("remote", "modify", "-q", "versioned", "version_aware", "true", cwd=root)
    path = object_path(root, ONE)
    corrupt(path)
    with pytest.raises(CacheDamaged, match=r"'data/raw/1\.txt' of 'data/raw\.dvc'"):
        push(root, ["data/raw.dvc"], remote="versioned")
    assert s3.list_objects_v2(Bucket=bucket).get("KeyCount") == 0
    assert "md5" in (root / "data/raw.dvc").read_text()
    path.unlink()
    dvc("commit", "-q", "data/raw.dvc", cwd=root)
    assert push(root, ["data/raw.dvc"], remote="versioned") == 3
    body = s3.get_object(Bucket=bucket, Key="store/data/raw/1.txt")["Body"].read()
    assert body == b"1"
