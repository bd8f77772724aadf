"""Small projects made for a measurement: pipelines of shell commands, run by the code of HEAD."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.clone import Clone
from benchmarks.errors import WrongWork

DEFINITIONS = """\
from ml_assets import DvcProject, build_definitions

defs = build_definitions(DvcProject.find())
"""
# The least that Dagster does for a run of its own.
EMPTY = """\
from dagster import Definitions, asset, in_process_executor

@asset
def nothing(): ...

defs = Definitions(assets=[nothing], executor=in_process_executor)
"""


def make_project(checkout: Clone, root: Path, files: Mapping[str, str]) -> Clone:
    """A Git and DVC repository at `root` with `files`, committed, in which `checkout`'s code runs.

    It has a location with its own stages, `definitions.py`, and one with an empty asset, `empty.py`.
    """
    root.mkdir()
    project = Clone(root, checkout.env)
    for name, text in {**files, "definitions.py": DEFINITIONS, "empty.py": EMPTY}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    project.run("git", "init", "--quiet")
    project.run("dvc", "init", "--quiet")
    commit(project, "start")
    return project


def commit(project: Clone, message: str) -> None:
    """Commit everything."""
    project.run("git", "add", "--all")
    identity = ("-c", "user.name=b", "-c", "user.email=b@example.com")
    project.run("git", *identity, "commit", "--quiet", "-m", message)


@contextmanager
def two_projects(files: Mapping[str, str]) -> Iterator[tuple[Clone, Clone]]:
    """Two equal projects, ours and theirs, in a folder that goes with the benchmark."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        checkout = Clone.make(Path(folder) / "checkout")
        ours, theirs = (make_project(checkout, Path(folder) / name, files) for name in ("ours", "theirs"))
        yield ours, theirs


def timed_run(project: Clone, stages: int, *command: str) -> Callable[[], float]:
    """Measures a command that must run all stages again; each leaves a line more in `ran.txt`."""

    def measure() -> float:
        before = _runs(project.root)
        seconds = project.seconds(*command)
        if _runs(project.root) - before != stages:
            raise WrongWork(command, expected=f"runs {stages} stages")
        return seconds

    return measure


def _runs(root: Path) -> int:
    log = root / "ran.txt"
    return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0


def materialize_all(module: str = "definitions.py") -> tuple[str, ...]:
    """The command of a Dagster run of all assets of a generated project."""
    return ("dagster", "asset", "materialize", "-f", module, "--select", "*")
