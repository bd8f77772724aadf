"""A small real project whose stages have run and are committed, for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.dvc.project import DvcProject
from ml_assets_tests.factories import make_committed_run


@pytest.fixture
def project(tmp_path: Path) -> DvcProject:
    return DvcProject(make_committed_run(tmp_path / "project"))


@pytest.fixture
def root(project: DvcProject) -> Path:
    return project.root
