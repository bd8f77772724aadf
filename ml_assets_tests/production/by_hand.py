"""A project whose records are made by what a run ends with, without Dagster and S3."""

from __future__ import annotations

import shutil
from pathlib import Path

from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets.ledger.newest import newest_run
from ml_assets.ledger.run_record import draft_run
from ml_assets.ledger.store import Ledger
from ml_assets_tests.factories import dvc, make_project
from ml_assets_tests.production.site import MODEL, PIPELINE, TOTAL

FILES = {
    "dvc.yaml": PIPELINE,
    "params.yaml": "factor: 3\n",
    "total.py": TOTAL,
    "model.py": MODEL,
    "helper.py": 'name = "sum"\n',
    ".gitignore": "/.ml_assets/\n__pycache__/\n",
    "pyproject.toml": '[tool.ml_assets]\nremote = "store"\n',
}


def days(folder: Path, count: int) -> Path:
    """So many days, each with a record, pushed; the remote is `project-remote` beside it."""
    root = make_project(folder / "project", FILES)
    for day in range(1, count + 1):
        a_day(root, day)
    return root


def copied(project: Path, into: Path) -> Path:
    """A copy of the project, with its remote."""
    shutil.copytree(project.parent, into / "copy", symlinks=True)
    return into / "copy" / project.name


def a_day(root: Path, day: int) -> None:
    """The numbers of one more day, the stages run, everything pushed, one record."""
    raw = root / "data" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    (raw / f"{day}.csv").write_text(f"number\n{10 * day}\n")
    dvc("add", "-q", "data/raw", cwd=root)
    project = DvcProject(root)
    for _ in run_stages(project, ["total", "model"]):
        pass
    dvc("push", "-q", cwd=root)
    ledger = Ledger.open(".ml_assets/ledger", root=root)
    stages = dict.fromkeys(("total", "model"), "ran")
    ledger.append(lambda _: draft_run(project, stages=stages, newest=newest_run(ledger)))  # type: ignore[arg-type]
