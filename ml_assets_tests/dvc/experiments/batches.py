"""Runs experiments in tests, and looks at what became of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml_assets.dvc.events import StageLine
from ml_assets.dvc.experiments.events import ExperimentEvent, ExperimentProgress, ExperimentSaved
from ml_assets.dvc.experiments.launch import run_experiments
from ml_assets.dvc.experiments.plan import plan_experiments
from ml_assets.dvc.experiments.values import ExperimentRequest
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.factories import run


def run_batch(project: DvcProject, *overrides: str, **request: object) -> list[ExperimentEvent]:
    """All events of a batch that must succeed."""
    asked = ExperimentRequest(overrides=overrides, **request)  # type: ignore[arg-type]
    return list(run_experiments(project, plan_experiments(project.root, asked)))


def saved(events: list[ExperimentEvent]) -> dict[str, str]:
    """Name → commit of the experiments that are kept."""
    return {event.name: event.rev for event in events if isinstance(event, ExperimentSaved)}


def lines(events: list[ExperimentEvent]) -> list[str]:
    """What the stages printed."""
    inner = [event.event for event in events if isinstance(event, ExperimentProgress)]
    return [event.text for event in inner if isinstance(event, StageLine)]


def at(root: Path, rev: str, path: str) -> str:
    """A file's text in a commit."""
    return run("git", "show", f"{rev}:{path}", cwd=root).stdout


def files_at(root: Path, rev: str) -> set[str]:
    return set(run("git", "ls-tree", "-r", "--name-only", rev, cwd=root).stdout.split())


def state(root: Path) -> dict[str, tuple[bytes, int, int, int]]:
    """What may not change in a workspace: each file outside of DVC's corner with content, mode and time."""
    found = {}
    for file in [*_edited(root), root / ".git" / "HEAD", root / ".git" / "index"]:
        stat = file.lstat()
        content = file.read_bytes()
        found[str(file.relative_to(root))] = (content, stat.st_mode, stat.st_mtime_ns, stat.st_ino)
    return found


def _edited(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in {".dvc", ".git"}]
        yield from (Path(folder, name) for name in names)


@contextmanager
def unchanged(root: Path) -> Iterator[None]:
    """The workspace at `root` is the same file by file after the context as before it."""
    before = state(root)
    yield
    assert state(root) == before
