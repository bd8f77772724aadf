"""Long random walks through the same faults, denser than what Hypothesis makes up."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from ml_assets_tests.landing.faults.test_any_trace import AnyTrace
from ml_assets_tests.landing.faults.usual_helper import UsualHelper
from ml_assets_tests.landing.faults.virtual_s3 import PREFIX


def walk(
    seed: int,
    *,
    steps: int,
    first: Callable[[AnyTrace], object] = lambda _: None,
    beside: Callable[[AnyTrace], object] = lambda _: None,
) -> AnyTrace:
    """The machine after so many steps, the same for the same `seed`; `beside` is called after each."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    machine = AnyTrace()
    machine.begin(sequenced=chance.random() < 0.7, versioned=chance.random() < 0.3)
    first(machine)
    ways_to_notice = ["no", "heard", "landed elsewhere"]
    keys, contents = [f"{PREFIX}{name}" for name in "abc"], ["A", "B", None]
    ways: list[Callable[[int], object]] = [
        lambda _: machine.put([(chance.choice(keys), chance.choice("AB"))], chance.choice([0, 3600])),
        lambda _: machine.put([(key, chance.choice("AB")) for key in keys], 0),
        lambda _: machine.delete(chance.choice(keys)),
        lambda _: machine.wait(chance.randint(0, 2)),
        lambda host: machine.set_clock(host, chance.choice([-1, 0, 1])),
        lambda host: machine.lose_journal(host) if chance.random() < 0.2 else None,
        lambda _: machine.drop([chance.randint(0, 20)]) if machine.s3.events else None,
        lambda host: machine.list_a_page(
            host,
            (
                chance.choice(keys),
                chance.choice(contents),
                chance.choice(ways_to_notice),
            ),
        ),
        *[machine.list_a_page_undisturbed, machine.seal, machine.look_and_read, machine.land],
        *[lambda host: machine.hear_some(host, chance)] * 3,
        *[lambda host: machine.read(host, chance.randint(0, 1))] * 2,
        *[lambda _: machine.commit_some(chance)] * 3,
    ]
    for _ in range(steps):
        chance.choice(ways)(chance.randint(0, 1))
        machine.no_generation_is_committed_twice()
        beside(machine)
    return machine


@pytest.mark.parametrize(
    "seed", [*range(12), *(pytest.param(n, marks=pytest.mark.slow) for n in range(12, 300))]
)
def test_a_long_walk_loses_nothing_and_repeats_nothing(seed: int) -> None:
    walk(seed, steps=80).teardown()


def test_the_usual_helper_loses_objects_in_the_same_walks() -> None:
    """The control. It looks after every single step, and so more often than any sensor could."""
    lost = there = 0
    for seed in range(5):
        helpers: list[UsualHelper] = []

        def look(machine: AnyTrace, helpers: list[UsualHelper] = helpers) -> None:
            if not helpers:
                helpers.append(UsualHelper(machine.s3))
            helpers[0].look()

        machine = walk(seed, steps=80, beside=look)
        lost, there = lost + len(helpers[0].lost()), there + len(machine.s3.live)
        machine.teardown()
    assert lost > 0, f"none of {there}"
