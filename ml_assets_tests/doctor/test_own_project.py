"""The example of this repository, as the demo sets it up, has nothing to be told of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ml_assets.demo.s3 import EmbeddedS3
from ml_assets.doctor.examine import look_over
from ml_assets_tests.factories import run

HERE = Path(__file__).parents[2]


def test_the_shipped_project_is_healthy(
    tmp_path: Path, home: Path, embedded_s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("git", "clone", "-q", "--shared", str(HERE), str(tmp_path / "clone"), cwd=tmp_path)
    settings = {"DAGSTER_HOME": str(home), "DVC_SITE_CACHE_DIR": str(tmp_path / "site")}
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    for name, value in {**embedded_s3.env(), **settings, "PATH": path}.items():
        monkeypatch.setenv(name, value)
    embedded_s3.make_bucket("ml-assets", "landing/")
    assert look_over(tmp_path / "clone") == ()
