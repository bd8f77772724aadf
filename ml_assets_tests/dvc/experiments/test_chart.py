"""Parallel coordinates: each experiment a line over params and metrics, scaled to each axis."""

from __future__ import annotations

from typing import Any

from ml_assets.dvc.experiments.chart import chart_png, parallel_coordinates
from ml_assets.dvc.experiments.table import Group
from ml_assets_tests.dvc.experiments.test_table import GROUP, row


def lines(group: Group) -> dict[tuple[str, str], float]:
    """(experiment, axis) → position."""
    chart = parallel_coordinates(group)
    assert chart is not None
    values: list[dict[str, Any]] = chart["layer"][1]["data"]["values"]
    return {(each["experiment"], each["axis"]): each["position"] for each in values}


def test_numbers_are_scaled_and_other_values_stand_in_their_order() -> None:
    found = lines(GROUP)
    assert [found[name, "C"] for name in ("main", "one", "bad")] == [0.0, 0.5, 1.0]
    assert (found["one", "kind"], found["two", "kind"]) == (0.0, 1.0)
    assert found["one", "auc"] == 1.0
    assert ("bad", "auc") not in found


def test_without_a_param_that_varies_there_is_nothing_to_draw() -> None:
    same = Group(baseline=GROUP.baseline, experiments=(row("same", dict(GROUP.baseline.params), {}),))
    assert parallel_coordinates(same) is None
    assert parallel_coordinates(Group(baseline=GROUP.baseline, experiments=())) is None


def test_it_is_drawn_as_a_png() -> None:
    chart = parallel_coordinates(GROUP)
    assert chart is not None
    assert chart_png(chart).startswith(b"\x89PNG")
