"""One reproduced project for the whole session, since each `dvc repro` takes seconds."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ml_assets.stages import daily
from ml_assets_tests.factories import dvc
from ml_assets_tests.stages.days_project import Project, day_of
from ml_assets_tests.stages.example import commit, with_days
from ml_assets_tests.stages.tables import FIRST

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


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    for number in range(12):
        made.land(day_of(number), seed=number)
    return made


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[int]]]:
    """The days that each stage computes, by number, as they are asked for."""
    asked: list[tuple[str, list[int]]] = []
    real = daily.make_days

    def spy(folder: Path, keys: Any, kept: Any, compute: Any) -> Any:
        def told(wanted: Sequence[date]) -> Any:
            asked.append((folder.name, [(day - FIRST).days for day in wanted]))
            return compute(wanted)

        return real(folder, keys, kept, told)

    monkeypatch.setattr(daily, "make_days", spy)
    return asked
