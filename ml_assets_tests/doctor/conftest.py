"""A project with nothing wrong about it, for each test to plant one trap in."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ml_assets.demo.home import DAGSTER_YAML
from ml_assets.doctor.finding import Finding
from ml_assets.doctor.registry import CHECKS
from ml_assets.doctor.site import Site
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets_tests.factories import make_two_stages, run

CONFIG = """\
[core]
    analytics = false
    remote = store
    checksum_jobs = 2
[cache]
    type = copy
['remote "store"']
    url = ../../project-remote
"""
Look = Callable[..., list[Finding]]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_two_stages(tmp_path_factory.mktemp("doctor") / "project")
    (root / ".dvc" / "config").write_text(CONFIG)
    list(run_stages(DvcProject(root), ["double", "total"]))
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-q", "-m", "run", cwd=root)
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "project", symlinks=True))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A DAGSTER_HOME with the settings of the demo."""
    folder = tmp_path / "dagster"
    folder.mkdir()
    shutil.copy(DAGSTER_YAML, folder / "dagster.yaml")
    return folder


@pytest.fixture
def environ(home: Path, tmp_path: Path) -> dict[str, str]:
    """An environment that nothing is wrong with."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    return {"PATH": path, "DAGSTER_HOME": str(home), "DVC_SITE_CACHE_DIR": str(tmp_path / "site")}


@pytest.fixture
def look(root: Path, environ: dict[str, str]) -> Look:
    """What a check, by its name, finds in the project as it is now, with more variables."""

    def ask(name: str, **variables: str) -> list[Finding]:
        (check,) = (check for check in CHECKS if check.name == name)
        return list(check.look(Site(root, environ | variables)))

    return ask
