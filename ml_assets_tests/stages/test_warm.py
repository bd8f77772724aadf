"""The example's stages start warm, and nobody sees it in what they make."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ml_assets.dvc.events import Redo, StageLine, Start
from ml_assets.dvc.preload import preloads
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets_tests.factories import dvc, run
from ml_assets_tests.stages.example import STAGES, pipeline


@pytest.fixture
def project(reproduced: Path, tmp_path: Path) -> DvcProject:
    """The reproduced project, all of whose results `dvc repro` has made, in a place of its own."""
    return DvcProject(Path(shutil.copytree(reproduced, tmp_path / "project", symlinks=True)))


def test_all_stages_run_warm_give_the_bytes_of_dvc_repro(
    project: DvcProject, reproduced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a clone: its own modules come before those that are installed.
    monkeypatch.setenv("PYTHONPATH", str(project.root))
    events = list(run_stages(project, STAGES, redo=Redo.ALL, start=Start.WARM))
    assert not [event for event in events if isinstance(event, StageLine) and "cold" in event.text]
    assert (project.root / "dvc.lock").read_bytes() == (reproduced / "dvc.lock").read_bytes()
    assert "up to date" in dvc("status", cwd=project.root)
    assert run("git", "status", "--short", cwd=project.root).stdout == ""


@pytest.mark.slow
def test_each_stage_preloads_all_libraries_that_it_uses(project: DvcProject) -> None:
    names = preloads(project.manifest(), STAGES)
    assert set(names) == set(STAGES)
    script = (
        "import importlib, sys, time\n"
        "t = time.process_time()\n"
        "for name in sys.argv[2:]: importlib.import_module(name)\n"
        "loaded, t = set(sys.modules), time.process_time() - t\n"
        "import runpy\n"
        "runpy.run_module(sys.argv[1], run_name='__main__')\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - loaded} - sys.stdlib_module_names\n"
        "print(sorted(new - {'ml_assets'} - {name.partition('.')[0] for name in loaded}), file=sys.stderr)"
    )
    for stage in STAGES:
        command = ["python", "-c", script, f"ml_assets.stages.{stage}", *names[stage]]
        assert run(*command, cwd=project.root).stderr.splitlines()[-1] == "[]", stage
    assert all(stage["meta"]["dagster"]["preload"] for stage in pipeline().values())
