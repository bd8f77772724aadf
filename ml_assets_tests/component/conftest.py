"""A throw-away Dagster project, as `create-dagster` would lay it out, and a DVC repository beside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest
import yaml
from dagster import Definitions, ScaffoldRequest, load_from_defs_folder

from ml_assets.component import DvcProjectParams, DvcProjectScaffolder
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.factories import environment, make_two_stages, write

HERE = Path(__file__).parents[2]
CONFIGURATION = """\
[project]
name = "{name}"
version = "0.1.0"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "{name}"
"""
DEFINITIONS = """\
from pathlib import Path

from dagster import Definitions, definitions, load_from_defs_folder


@definitions
def defs() -> Definitions:
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
"""


@dataclass(frozen=True)
class DgProject:
    """A project of `dg`, its package named by chance, since Python keeps what it has imported."""

    root: Path
    name: str

    @classmethod
    def make(cls, root: Path) -> DgProject:
        name = f"flow_{uuid4().hex[:8]}"
        files = {"pyproject.toml": CONFIGURATION.format(name=name), f"{name}/definitions.py": DEFINITIONS}
        write(root, {**files, f"{name}/__init__.py": "", f"{name}/defs/__init__.py": ""})
        return cls(root, name)

    @property
    def defs(self) -> Path:
        return self.root / self.name / "defs"

    def add(self, component: str, attributes: Mapping[str, object]) -> None:
        """A component of ours in its own folder."""
        content = {"type": "ml_assets.DvcProjectComponent", "attributes": dict(attributes)}
        write(self.defs, {f"{component}/defs.yaml": yaml.safe_dump(content)})

    def scaffold(self, component: str, *, form: Literal["yaml", "python"], project_path: str | None) -> None:
        """What `dg scaffold defs ml_assets.DvcProjectComponent` does, in this process."""
        (self.defs / component).mkdir()
        DvcProjectScaffolder().scaffold(
            ScaffoldRequest(
                type_name="ml_assets.DvcProjectComponent",
                target_path=self.defs / component,
                scaffold_format=form,
                project_root=self.root,
                params=DvcProjectParams(project_path=project_path),
            )
        )

    def load(self) -> Definitions:
        return load_from_defs_folder(path_within_project=self.root / self.name)

    def environment(self) -> dict[str, str]:
        """For commands: as if the project were installed."""
        home = self.root.parent / "dagster-home"
        home.mkdir(exist_ok=True)
        return environment(PYTHONPATH=f"{self.root}{os.pathsep}{HERE}", DAGSTER_HOME=str(home))


@pytest.fixture
def dg_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DgProject:
    project = DgProject.make(tmp_path / "orchestration")
    monkeypatch.syspath_prepend(str(project.root))
    return project


@pytest.fixture(scope="session")
def _pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_two_stages(tmp_path_factory.mktemp("component") / "pipeline")
    DvcProject(root).manifest()  # kept with it, so that no test waits for DVC
    return root


@pytest.fixture
def pipeline(_pipeline: Path, tmp_path: Path) -> Path:
    """A DVC repository of two stages over data/raw, beside the Dagster project."""
    return Path(shutil.copytree(_pipeline, tmp_path / "pipeline"))
