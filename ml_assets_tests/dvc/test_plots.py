"""Plots become pictures, once a state."""

from __future__ import annotations

from pathlib import Path

from ml_assets.dvc.lockfile import read_locks
from ml_assets.dvc.plots import Picture, has_plots, stage_pictures
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.factories import dvc, make_project

PIPELINE = """\
stages:
  draw:
    cmd: python draw.py
    deps: [draw.py]
    outs: [roc.csv]
    plots:
      - loss.csv: {x: step, y: loss, title: Loss}
  none:
    cmd: echo > none.txt
    outs: [none.txt]
plots:
  - ROC:
      x: fpr
      y: {roc.csv: tpr}
"""
DRAW = """\
import pathlib
pathlib.Path("roc.csv").write_text("fpr,tpr\\n0,0\\n0.5,0.9\\n1,1\\n")
pathlib.Path("loss.csv").write_text("step,loss\\n0,1\\n1,0.5\\n")
"""
PNG = b"\x89PNG\r\n"


def pictures(project: DvcProject) -> tuple[Picture, ...]:
    manifest = project.manifest()
    locked = read_locks(project.root, manifest)["draw"]
    return stage_pictures(project, manifest.stage("draw"), locked)


def test_plots_of_outputs_and_of_the_top_level_are_drawn_as_png(tmp_path: Path) -> None:
    project = DvcProject(make_project(tmp_path / "plots", {"dvc.yaml": PIPELINE, "draw.py": DRAW}))
    dvc("repro", "-q", cwd=project.root)
    drawn = {picture.name: picture for picture in pictures(project)}
    assert {name.rpartition("::")[2] for name in drawn} == {"ROC", "loss.csv"}
    assert all(picture.png.startswith(PNG) for picture in drawn.values())
    assert not has_plots(project.manifest(), project.manifest().stage("none"))


def test_a_state_is_drawn_once(tmp_path: Path) -> None:
    project = DvcProject(make_project(tmp_path / "plots", {"dvc.yaml": PIPELINE, "draw.py": DRAW}))
    dvc("repro", "-q", cwd=project.root)
    first = pictures(project)
    (project.root / "roc.csv").unlink()
    assert pictures(project) == first
