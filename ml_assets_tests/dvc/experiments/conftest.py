"""A small real project whose stages have run and are committed, copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ml_assets.dvc.project import DvcProject
from ml_assets_tests.factories import dvc, make_two_stages, run


@pytest.fixture(scope="session")
def committed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_two_stages(tmp_path_factory.mktemp("ran") / "project")
    dvc("repro", "-q", cwd=root)
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-q", "-m", "ran", cwd=root)
    return root


@pytest.fixture
def project(committed_run: Path, tmp_path: Path) -> DvcProject:
    return DvcProject(Path(shutil.copytree(committed_run, tmp_path / "project", symlinks=True)))


@pytest.fixture
def root(project: DvcProject) -> Path:
    return project.root
