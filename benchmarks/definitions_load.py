"""What do our definitions add to the load of a code location?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.benchmark import Benchmark, Better, Sides
from benchmarks.clone import Clone

EMPTY = "from dagster import Definitions\n\ndefs = Definitions()\n"


@contextmanager
def prepare() -> Iterator[Sides]:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        clone = Clone.make(Path(folder) / "project")
        (clone.root / "empty_location.py").write_text(EMPTY, encoding="utf-8")
        yield Sides(
            ours=lambda: clone.seconds(*_load("ml_assets.definitions")),
            theirs=lambda: clone.seconds(*_load("empty_location")),
        )


def _load(module: str) -> tuple[str, ...]:
    # Without the interpreter's tidying up at exit, which a code server does not wait for either.
    return ("python", "-c", f"import os, {module}; os._exit(0)")


BENCHMARK = Benchmark(
    name="definitions-load",
    question="How long does a fresh process take to import the definitions?",
    peer="an empty Dagster code location",
    aim=1.2,
    better=Better.LOWER,
    unit="s",
    prepare=prepare,
    pairs=21,
)
