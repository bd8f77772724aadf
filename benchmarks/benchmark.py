"""What a benchmark is: a question, a peer, the ratio aimed at, and how both sides are made ready."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum


class Better(StrEnum):
    """Which way the ratio ours / theirs should go."""

    LOWER = "lower"
    HIGHER = "higher"


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Both sides, ready to run: each call runs once and returns what it measured, in the benchmark's unit."""

    ours: Callable[[], float]
    theirs: Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One question, asked as `make bench-<name>`.

    `peer` says what ours is compared with. `prepare` makes both sides ready and cleans up after them.
    `pairs` is the default number of measured pairs; `warm_ups` runs of each side come before, unmeasured.
    """

    name: str
    question: str
    peer: str
    aim: float
    better: Better
    unit: str
    prepare: Callable[[], AbstractContextManager[Sides]]
    pairs: int = 5
    warm_ups: int = 1

    @property
    def command(self) -> str:
        return f"make bench-{self.name}"
