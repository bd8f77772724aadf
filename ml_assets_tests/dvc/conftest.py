"""A small real project for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.dvc.project import DvcProject
from ml_assets_tests.factories import make_two_stages


@pytest.fixture
def project(tmp_path: Path) -> DvcProject:
    return DvcProject(make_two_stages(tmp_path / "project"))
