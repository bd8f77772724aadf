"""The commands of `dg` with the component, from the list of components to a materialized stage."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from ml_assets_tests.component.conftest import DgProject
from ml_assets_tests.factories import dvc, run


def dg(project: DgProject, *arguments: str) -> str:
    done = run("dg", *arguments, cwd=project.root, env=project.environment())
    return done.stdout + done.stderr


@pytest.mark.slow
def test_it_is_listed_scaffolded_checked_and_run(
    dg_project: DgProject, pipeline: Path, tmp_path: Path
) -> None:
    by_dvc = Path(shutil.copytree(pipeline, tmp_path / "by-dvc"))
    dvc("repro", "-q", cwd=by_dvc)
    assert "ml_assets.DvcProjectComponent" in dg(dg_project, "list", "components", "--json")

    dg(
        dg_project,
        "scaffold",
        "defs",
        "ml_assets.DvcProjectComponent",
        "my_pipeline",
        "--project-path",
        "../pipeline",
    )
    written = yaml.safe_load((dg_project.defs / "my_pipeline" / "defs.yaml").read_text())
    assert written == {
        "type": "ml_assets.DvcProjectComponent",
        "attributes": {"project": "../../../../pipeline"},
    }

    assert "validated successfully" in dg(dg_project, "check", "yaml")
    assert "loaded successfully" in dg(dg_project, "check", "defs")
    dg(dg_project, "launch", "--assets", "*")
    assert (pipeline / "dvc.lock").read_bytes() == (by_dvc / "dvc.lock").read_bytes()


@pytest.mark.slow
def test_mistakes_are_told_by_dg(dg_project: DgProject, pipeline: Path) -> None:
    command = [
        "dg",
        "scaffold",
        "defs",
        "ml_assets.DvcProjectComponent",
        "x",
        "--project-path",
        "../pipelien",
    ]
    refused = _refusal(dg_project, *command)
    assert "No DVC repository" in refused
    assert "pipelien" in refused
    assert not (dg_project.defs / "x" / "defs.yaml").exists()

    dg_project.add("numbers", {"project": "../../../../pipeline", "remmote": "store"})
    told = _refusal(dg_project, "dg", "check", "yaml")
    assert "defs.yaml" in told
    assert "remmote" in told


def _refusal(project: DgProject, *command: str) -> str:
    done = subprocess.run(
        command, cwd=project.root, env=project.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout + done.stderr
