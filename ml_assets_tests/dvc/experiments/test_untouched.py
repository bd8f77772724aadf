"""Experiments never touch the workspace, looked at a thousand times a second; those of plain DVC do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ml_assets.dvc.project import DvcProject
from ml_assets_tests.dvc.experiments.batches import run_batch, saved
from ml_assets_tests.factories import dvc

pytestmark = pytest.mark.slow

WATCHED = ("params.yaml", "dvc.yaml", "dvc.lock", "data/raw.dvc", ".git/HEAD", ".git/index", "total.json")


class Watch:
    """What was seen of the watched files; `looks` is how often."""

    def __init__(self, root: Path) -> None:
        self.seen: dict[str, set[object]] = {name: set() for name in WATCHED}
        self.looks = 0
        self._root = root
        self.look()

    def look(self) -> None:
        self.looks += 1
        for name in WATCHED:
            self.seen[name].add(self._now(self._root / name))

    def touched(self) -> set[str]:
        return {name for name, states in self.seen.items() if len(states) > 1}

    def _now(self, path: Path) -> object:
        # Content alone would miss a file that was another for less than a millisecond.
        try:
            found = path.stat()
            return path.read_bytes(), found.st_ino, found.st_mtime_ns, found.st_mode
        except FileNotFoundError:
            return None


@contextmanager
def watching(root: Path) -> Iterator[Watch]:
    watch, ended = Watch(root), threading.Event()

    def poll() -> None:
        while not ended.wait(0.001):
            watch.look()

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()


def test_the_workspace_is_the_same_at_each_millisecond(project: DvcProject) -> None:
    started = time.monotonic()
    with watching(project.root) as watch:
        assert len(saved(run_batch(project, "offset=5,6,7", jobs=2))) == 3
    assert watch.touched() == set()
    # Of a busy machine not each millisecond can be asked for.
    assert watch.looks > 50 * (time.monotonic() - started)


@pytest.mark.parametrize("how", ["--temp", "--queue"])
def test_dvc_exp_run_is_seen_to_touch_it(project: DvcProject, how: str) -> None:
    """The control of the test above: not even a queued experiment leaves it alone."""
    with watching(project.root) as watch:
        dvc("exp", "run", "-q", how, "-S", "offset=5", cwd=project.root)
    assert {"params.yaml", ".git/HEAD"} <= watch.touched()
