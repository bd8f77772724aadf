"""A site with a commit pinned, and projects with records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets_tests.production.by_hand import days
from ml_assets_tests.production.site import Site

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def site(tmp_path: Path, bucket: str, s3: S3Client) -> Site:
    site = Site.make(tmp_path / "project", bucket, s3)
    site.command("pin")
    return site


@pytest.fixture(scope="session")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: copy it."""
    return days(tmp_path_factory.mktemp("two-days"), 2)


@pytest.fixture(scope="session")
def three_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: copy it."""
    return days(tmp_path_factory.mktemp("three-days"), 3)
