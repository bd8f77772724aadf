"""The example pipeline as a newcomer has it: a Git clone of this working tree, with some days landed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ml_assets.demo.feed import Feed
from ml_assets_tests.factories import dvc, environment, run, write

ROOT = Path(__file__).parents[2]
STAGES = ("processed", "features", "model", "evaluation")


@cache
def feed() -> Feed:
    """The real year, read once a session."""
    return Feed()


def land(folder: Path, *, count: int) -> None:
    """Write the first `count` days of 2013 below `folder`."""
    for day in feed().days(count=count):
        write(folder, {name: body.decode() for name, body in feed().csv_of(day).items()})


def clone(root: Path) -> Path:
    """A Git clone of the working tree as it is now, edits and new files included."""
    listed = run(
        "git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT
    ).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    run("git", "init", "-q", "-b", "main", cwd=root)
    commit(root, "clone")
    return root


def commit(root: Path, message: str) -> None:
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-q", "-m", message, cwd=root)


def with_days(root: Path, *, count: int) -> Path:
    """A clone with the first days of 2013 as its raw data, tracked by DVC."""
    clone(root)
    land(root / "data" / "raw", count=count)
    dvc("add", "-q", "data/raw", cwd=root)
    return root


def pipeline() -> dict[str, dict[str, Any]]:
    """The stages of dvc.yaml by name."""
    stages: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    return stages


def run_stage(root: Path, stage: str) -> str:
    """Run a stage's script without DVC; what it prints."""
    return run(sys.executable, "-m", f"ml_assets.stages.{stage}", cwd=root).stdout


def refusal(root: Path, stage: str) -> str:
    """Run a stage's script that has to refuse its inputs; what it says."""
    command = [sys.executable, "-m", f"ml_assets.stages.{stage}"]
    done = subprocess.run(command, cwd=root, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr
