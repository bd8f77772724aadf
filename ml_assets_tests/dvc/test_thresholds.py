"""A metric's bounds: inclusive, by name or path, and never passed by what is no number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_assets.dvc.manifest import Output, Stage
from ml_assets.dvc.thresholds import Measured, Threshold, measure
from ml_assets_tests.factories import write

NUMBERS = st.floats(allow_nan=True)


@given(value=NUMBERS, low=st.none() | NUMBERS, high=st.none() | NUMBERS)
def test_only_what_is_within_its_bounds_passes(value: float, low: float | None, high: float | None) -> None:
    if low is None and high is None:
        return
    passed = Measured(Threshold(metric="m", min=low, max=high), value).passed
    assert passed == ((low is None or value >= low) and (high is None or value <= high))
    if value != value:  # noqa: PLR0124 - NaN
        assert not passed


def stage(*metrics: str) -> Stage:
    return Stage(
        "s", "dvc.yaml", ".", ("true",), (), {}, tuple(Output(path, metric=True) for path in metrics)
    )


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("auc", 0.5),
        ("by.JFK.n", 3.0),
        ("dotted.name", 1.0),
        ("scores.json:auc", 0.5),
        ("out/scores.json:auc", 0.5),
        ("missing", None),
        ("by", None),
        ("good", None),
        ("word", None),
        ("other.json:auc", None),
    ],
)
def test_a_metric_is_found_by_its_name(tmp_path: Path, metric: str, value: float | None) -> None:
    content = '{"auc": 0.5, "by": {"JFK": {"n": 3}}, "dotted.name": 1, "good": true, "word": "high"}'
    write(tmp_path, {"out/scores.json": content})
    assert measure(tmp_path, stage("out/scores.json"), Threshold(metric=metric, min=0)).value == value


def test_the_same_name_in_two_files_has_to_be_told_apart(tmp_path: Path) -> None:
    write(tmp_path, {"a.json": '{"auc": 1}', "b.yaml": "auc: 2\n"})
    found = measure(tmp_path, stage("a.json", "b.yaml"), Threshold(metric="auc", min=0))
    assert not found.passed
    assert "a.json, b.yaml" in str(found.missing)


@pytest.mark.parametrize("content", ["{", "", "[]", "3"])
def test_a_broken_file_has_no_metrics(tmp_path: Path, content: Any) -> None:
    write(tmp_path, {"a.json": content})
    assert not measure(tmp_path, stage("a.json"), Threshold(metric="auc", min=0)).passed
