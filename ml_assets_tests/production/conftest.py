"""A site with a commit pinned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets_tests.production.site import Site

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def site(tmp_path: Path, bucket: str, s3: S3Client) -> Site:
    site = Site.make(tmp_path / "project", bucket, s3)
    site.command("pin")
    return site
