"""What does an empty machine need to have the results of another one: seconds, and requests to the remote?"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from benchmarks.benchmark import Benchmark, Better, Sides
from benchmarks.clone import Clone
from benchmarks.counting_proxy import counting_proxy
from benchmarks.errors import WrongWork
from benchmarks.generated import commit
from benchmarks.workshop import Workshop, workshop

RESULT = "evaluation/metrics.json"
HISTORY = 10


class Machines:
    """Clones of a finished project that have nothing of its cache, one after the other.

    Git is pinned to a commit with the data and without dvc.lock, as where nobody commits results.
    """

    def __init__(self, shop: Workshop, first: Clone) -> None:
        self._shop = shop
        self._first = first
        self._numbers = count()

    def measure(self, *command: str, of: Callable[[Clone, tuple[str, ...]], float]) -> float:
        """What `of` measures of `command` on a new machine, which has to get the first one's result."""
        root = self._shop.folder / f"machine-{next(self._numbers)}"
        self._first.run("git", "clone", "--quiet", ".", str(root))
        (root / "dvc.lock").unlink(missing_ok=True)
        site = {"DVC_SITE_CACHE_DIR": f"{root}-dvc"}
        machine = Clone(root, {**self._first.env, **site, "PYTHONPATH": str(root)})
        measured = of(machine, command)
        if not (root / RESULT).exists():
            raise WrongWork(command, expected=f"makes {RESULT}")
        shutil.rmtree(root)
        shutil.rmtree(Path(site["DVC_SITE_CACHE_DIR"]), ignore_errors=True)
        return measured


@contextmanager
def machines(push: tuple[str, ...], *, history: int = 0) -> Iterator[tuple[Workshop, Machines]]:
    """A finished project on 90 days whose results, and `history` older ones, went to the remote by `push`."""
    with workshop() as shop:
        first = shop.clone_with_history("first")
        first.run("ml-assets", "repro")
        _make_history(first, push, history)
        first.run(*push)
        commit(first, "90 days")
        yield shop, Machines(shop, first)


def _make_history(first: Clone, push: tuple[str, ...], runs: int) -> None:
    """Push the results of `runs` other thresholds of the evaluation; params are as before at the end."""
    params = first.root / "params.yaml"
    before = params.read_text(encoding="utf-8")
    for number in range(runs):
        changed = re.sub(r"(?m)^(  threshold:).*$", rf"\1 0.{number + 10}", before)
        if changed == before:
            raise WrongWork(push, expected="finds evaluation.threshold in params.yaml")
        params.write_text(changed, encoding="utf-8")
        first.run("ml-assets", "repro")
        first.run(*push)
    params.write_text(before, encoding="utf-8")
    first.run("ml-assets", "repro")


def seconds(machine: Clone, command: tuple[str, ...]) -> float:
    return machine.seconds(*command)


@contextmanager
def prepare_seconds() -> Iterator[Sides]:
    """Ours restores what we pushed; after a plain `dvc push` there is nothing for DVC to restore."""
    with machines(("ml-assets", "repro", "--push")) as (_, ours), machines(("dvc", "push")) as (_, theirs):
        yield Sides(
            ours=lambda: ours.measure("ml-assets", "repro", "--pull", of=seconds),
            theirs=lambda: theirs.measure("dvc", "repro", "--pull", of=seconds),
        )


@contextmanager
def prepare_requests() -> Iterator[Sides]:
    """Both restore; DVC asks for the whole run cache, of which the remote has a history."""
    with (
        machines(("ml-assets", "repro", "--push"), history=HISTORY) as (shop, both),
        counting_proxy(shop.s3.endpoint) as proxy,
    ):

        def requests(machine: Clone, command: tuple[str, ...]) -> float:
            proxy.clear()
            Clone(machine.root, {**machine.env, "AWS_ENDPOINT_URL": proxy.endpoint}).run(*command)
            return float(proxy.total)

        yield Sides(
            ours=lambda: both.measure("ml-assets", "repro", "--pull", of=requests),
            theirs=lambda: both.measure("dvc", "repro", "--pull", of=requests),
        )


SECONDS = Benchmark(
    name="cold-clone",
    question="How long does an empty clone take to have all results of another machine?",
    peer="dvc push there, dvc repro --pull here",
    aim=0.3,
    better=Better.LOWER,
    unit="s",
    prepare=prepare_seconds,
)
REQUESTS = Benchmark(
    name="cold-clone-requests",
    question="How many requests does an empty clone make to have all results of another machine?",
    peer="dvc repro --pull of the same remote",
    aim=1.0,
    better=Better.LOWER,
    unit="requests",
    prepare=prepare_requests,
    warm_ups=0,
)
