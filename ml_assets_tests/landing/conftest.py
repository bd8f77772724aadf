"""A site for each test of the intake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets_tests.factories import make_project
from ml_assets_tests.landing.site import Site, make_site

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was made once: `git init` and `dvc init` take longer than an intake."""
    folder = tmp_path_factory.mktemp("template")
    return make_project(folder / "project", {".gitignore": "/.ml_assets/\n"})


@pytest.fixture
def site(tmp_path: Path, template: Path, bucket: str, s3: S3Client) -> Site:
    return make_site(tmp_path, template=template, bucket=bucket, client=s3)
