"""What every room's tests may use: an embedded S3, a bucket of one's own, telemetry off."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from ml_assets.demo.s3 import EmbeddedS3
from ml_assets_tests.no_skips import pytest_configure  # noqa: F401 - pytest looks for it here

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Before any test imports DVC or MLflow, and inherited by the processes that tests start.
os.environ.update({"DO_NOT_TRACK": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "DVC_NO_ANALYTICS": "1"})


@pytest.fixture(scope="session")
def embedded_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedS3]:
    """One server for the whole session, on a free port."""
    with EmbeddedS3(data=tmp_path_factory.mktemp("s3"), port=0) as server:
        yield server


@pytest.fixture
def bucket(embedded_s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new bucket for one test; the AWS_* environment points at its server.

    Whatever is created under `landing/` in it is told to the queue `<bucket>-landing`.
    """
    for name, value in embedded_s3.env().items():
        monkeypatch.setenv(name, value)
    name = f"test-{uuid.uuid4().hex[:12]}"
    embedded_s3.make_bucket(name, "landing/")
    return name


@pytest.fixture
def s3(embedded_s3: EmbeddedS3) -> S3Client:
    """A client of the session's server."""
    return embedded_s3.client()
