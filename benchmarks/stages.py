"""The stages of the example, run by Dagster and by DVC in one clone: what two benchmarks compare."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum

from benchmarks.clone import Clone
from benchmarks.errors import WrongWork
from benchmarks.workshop import workshop

STAGES = "processed,features,model,evaluation"
LAST_OUTPUT = "evaluation/metrics.json"


class Work(Enum):
    """What a run is expected to do to the last stage's output."""

    REWRITES = "rewrites"
    LEAVES = "leaves"


@contextmanager
def finished_stages() -> Iterator[Clone]:
    """A clone whose stages have run on 90 days, pushed and recorded by Dagster, known to DVC as well."""
    with workshop() as shop:
        clone = shop.clone_with_history("project")
        clone.run(*materialize(STAGES))
        yield clone


def materialize(selection: str, config: Mapping[str, object] | None = None) -> tuple[str, ...]:
    """The command of a run in a process of its own, with the executor that the definitions ship."""
    options = ("--config-json", json.dumps(config)) if config else ()
    return ("dagster", "asset", "materialize", "-m", "ml_assets.definitions", "--select", selection, *options)


def timed(clone: Clone, work: Work, *command: str) -> Callable[[], float]:
    """Measures `command` in seconds; a call raises WrongWork when it did something else than `work`."""

    def measure() -> float:
        output = clone.root / LAST_OUTPUT
        before = output.stat().st_mtime_ns
        seconds = clone.seconds(*command)
        rewritten = output.stat().st_mtime_ns != before
        if rewritten is not (work is Work.REWRITES):
            raise WrongWork(command, expected=f"{work.value} {LAST_OUTPUT}")
        return seconds

    return measure
