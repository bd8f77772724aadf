"""Builds small real DVC repositories for tests."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

BIN = Path(sys.executable).parent
QUIET = {"DO_NOT_TRACK": "1", "DVC_NO_ANALYTICS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
GIT_IDENTITY = {
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
}

TWO_STAGES = """\
stages:
  double:
    desc: Twice each number.
    cmd: python double.py
    deps: [data/raw, double.py]
    outs: [data/double.txt]
  total:
    cmd: python total.py
    deps: [data/double.txt, total.py]
    params: [offset]
    metrics: [total.json]
"""
DOUBLE = """\
import pathlib
numbers = [int(p.read_text()) for p in sorted(pathlib.Path("data/raw").iterdir())]
print("doubling", len(numbers))
pathlib.Path("data/double.txt").write_text("".join(f"{2 * n}\\n" for n in numbers))
"""
TOTAL = """\
import json, pathlib, re
offset = int(re.search(r"offset: (\\d+)", pathlib.Path("params.yaml").read_text()).group(1))
total = sum(int(x) for x in pathlib.Path("data/double.txt").read_text().split())
pathlib.Path("total.json").write_text(json.dumps({"total": total + offset}))
print("total", total + offset)
"""


def environment(**extra: str) -> dict[str, str]:
    """The test's environment with this interpreter's tools first and no telemetry."""
    return os.environ | QUIET | GIT_IDENTITY | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"} | extra


def run(
    *command: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed; its output is in the failure where it does not."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=dict(env or environment()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def dvc(*arguments: str, cwd: Path) -> str:
    """Run the real `dvc` command."""
    return run(BIN / "dvc", *arguments, cwd=cwd).stdout


def make_project(root: Path, files: Mapping[str, str]) -> Path:
    """A fresh Git and DVC repository with `files`, its remote a folder beside it, all committed."""
    root.mkdir(parents=True)
    run("git", "init", "-q", "-b", "main", cwd=root)
    dvc("init", "-q", cwd=root)
    dvc("remote", "add", "-d", "store", f"../{root.name}-remote", cwd=root)
    write(root, files)
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-q", "-m", "start", cwd=root)
    return root


def make_two_stages(root: Path) -> Path:
    """data/raw (tracked, three numbers) → double → total; a copy of one made once a session."""
    return Path(shutil.copytree(_two_stages_template(), root))


@cache
def _two_stages_template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="two-stages-"))
    atexit.register(shutil.rmtree, folder)
    return _make_two_stages(folder / "project")


def _make_two_stages(root: Path) -> Path:
    files = {"dvc.yaml": TWO_STAGES, "double.py": DOUBLE, "total.py": TOTAL, "params.yaml": "offset: 1\n"}
    make_project(root, files)
    write(root, {f"data/raw/{n}.txt": str(n) for n in (1, 2, 3)})
    dvc("add", "-q", "data/raw", cwd=root)
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-q", "-m", "raw", cwd=root)
    return root


def make_committed_run(root: Path) -> Path:
    """The project of `make_two_stages` after a `dvc repro`, all committed; a copy too."""
    return Path(shutil.copytree(_committed_run_template(), root, symlinks=True))


@cache
def _committed_run_template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="committed-run-"))
    atexit.register(shutil.rmtree, folder)
    root = make_two_stages(folder / "project")
    dvc("repro", "-q", cwd=root)
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-q", "-m", "ran", cwd=root)
    return root


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write text files below `root`, making folders as needed."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
