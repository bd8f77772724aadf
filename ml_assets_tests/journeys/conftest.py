"""One finished headless demo for the session, since each takes minutes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ml_assets_tests.journeys.checkout import Checkout

ONCE_SECONDS = 1200


@dataclass(frozen=True)
class FinishedDemo:
    """What `ml-assets demo --once` left behind. Tests may start further demos in its checkout."""

    checkout: Checkout
    exit_code: int
    printed: str
    seconds: float


@pytest.fixture(scope="session")
def demo_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FinishedDemo]:
    checkout = Checkout.make(tmp_path_factory.mktemp("once") / "checkout")
    started = time.monotonic()
    demo = checkout.start("--once")
    code = demo.wait(ONCE_SECONDS)
    yield FinishedDemo(checkout, code, demo.printed(), time.monotonic() - started)
    checkout.kill_all()


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """A checkout of one's own; whatever runs in it at the end is killed."""
    made = Checkout.make(tmp_path / "checkout")
    yield made
    made.kill_all()
