"""One reproduced project for the whole session, since each `dvc repro` takes seconds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ml_assets_tests.factories import dvc
from ml_assets_tests.stages.example import commit, with_days

# With so few, gradient boosting is chosen: the candidate that threads could make differ.
DAYS = 9


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine real days after `dvc repro`, committed. Tests may read it and leave it as it is."""
    root = with_days(tmp_path_factory.mktemp("example") / "project", count=DAYS)
    dvc("repro", cwd=root)
    commit(root, "nine days")
    return root


@pytest.fixture
def scratch(reproduced: Path, tmp_path: Path) -> Path:
    """The code, parameters and data of the reproduced project without DVC, to be changed at will."""
    root = tmp_path / "scratch"
    for name in ("ml_assets", "data"):
        shutil.copytree(reproduced / name, root / name)
    shutil.copy(reproduced / "params.yaml", root)
    return root
