"""How long does a grid of experiments take, two at once, from the command to the last result?"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psutil

from benchmarks.benchmark import Benchmark, Better, Sides
from benchmarks.clone import Clone
from benchmarks.errors import WrongWork
from benchmarks.generated import commit, make_project
from ml_assets.dvc.git import git

EXPERIMENTS = 20
AT_ONCE = "2"
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 240

# Two stages of half a second run in each experiment, and one is as it was.
FILES = {
    "params.yaml": "x: 0\n",
    "prepare.sh": "seq 100 > prepared.txt\n",
    "train.sh": "sleep 0.5; { cat params.yaml; wc -l < prepared.txt; } > model.txt\n",
    "judge.sh": """sleep 0.5; printf '{"score": %d}' "$(sed -n 's/x: //p' model.txt)" > score.json\n""",
    "dvc.yaml": """\
stages:
  prepare:
    cmd: sh prepare.sh
    deps: [prepare.sh]
    outs: [prepared.txt]
  train:
    cmd: sh train.sh
    deps: [train.sh, prepared.txt]
    params: [x]
    outs: [model.txt]
  judge:
    cmd: sh judge.sh
    deps: [judge.sh, model.txt]
    metrics:
      - score.json
""",
}


@dataclass(frozen=True)
class Grid:
    """A small project of which `number` experiments run at each call, always with new params."""

    clone: Clone
    number: int
    starts: Iterator[int]

    def next(self) -> str:
        """The override of the next batch: each side counts on, so that no run cache has any of it."""
        first = next(self.starts) * self.number
        return f"x=range({first},{first + self.number})"

    def made(self) -> list[str]:
        """Refs of the experiments that are there."""
        refs = git(self.clone.root, "for-each-ref", "--format=%(refname)", "refs/exps").split()
        return [ref for ref in refs if ref.split("/")[2] not in {"exec", "celery", "apply", "temp", "stash"}]

    def forget(self) -> None:
        """Remove the experiments, lest the tables of later calls grow."""
        for ref in self.made():
            git(self.clone.root, "update-ref", "-d", ref)


def ours(grid: Grid) -> Callable[[], float]:
    """`ml-assets exp run`."""

    def measure() -> float:
        command = ("ml-assets", "exp", "run", "-S", grid.next(), "-j", AT_ONCE)
        seconds = grid.clone.seconds(*command)
        _check(grid, command)
        return seconds

    return measure


def theirs(grid: Grid) -> Callable[[], float]:
    """`dvc exp run --queue` of the whole grid, one command, and two workers until the last ref is there.

    Looking at refs costs the workers nothing; `dvc queue status` would take a second of their processor. They
    end by themselves: a `dvc queue stop` that finds none left waits for the next ones, and ends those.
    """

    def measure() -> float:
        started = time.perf_counter()
        grid.clone.run("dvc", "exp", "run", "--quiet", "--queue", "-S", grid.next())
        command = ("dvc", "queue", "start", "-j", AT_ONCE)
        grid.clone.run(*command)
        while len(grid.made()) < grid.number and time.perf_counter() - started < PATIENCE_SECONDS:
            time.sleep(POLL_SECONDS)
        seconds = time.perf_counter() - started
        _until_gone(grid.clone.root)
        _check(grid, command)
        return seconds

    return measure


def _until_gone(root: Path) -> None:
    """Wait for the workers' end: what they still do would slow the other side's turn."""
    given_up = time.monotonic() + PATIENCE_SECONDS
    while _processes(root) and time.monotonic() < given_up:
        time.sleep(POLL_SECONDS)


def _processes(root: Path) -> list[psutil.Process]:
    """Those that work at or below `root`."""
    found = psutil.process_iter(["cwd"])
    return [each for each in found if Path(each.info["cwd"] or "/").is_relative_to(root)]


def _check(grid: Grid, command: tuple[str, ...]) -> None:
    if len(grid.made()) != grid.number:
        raise WrongWork(command, expected=f"makes {grid.number} experiments")
    grid.forget()


@contextmanager
def sides(number: int) -> Iterator[Sides]:
    """Both sides with `number` experiments, each in a project of its own."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        checkout = Clone.make(Path(folder) / "checkout")
        grids = [
            Grid(_project(checkout, Path(folder) / name), number, count(1)) for name in ("ours", "theirs")
        ]
        yield Sides(ours=ours(grids[0]), theirs=theirs(grids[1]))


def _project(checkout: Clone, root: Path) -> Clone:
    project = make_project(checkout, root, FILES)
    project.run("dvc", "repro", "--quiet")
    commit(project, "ran")
    return project


@contextmanager
def prepare() -> Iterator[Sides]:
    with sides(EXPERIMENTS) as both:
        yield both


BENCHMARK = Benchmark(
    name="twenty-experiments",
    question="How long do 20 experiments take, two at once, from the command to the last result?",
    peer="dvc exp run --queue, dvc queue start -j 2",
    aim=0.6,
    better=Better.LOWER,
    unit="s",
    prepare=prepare,
)
