"""Experiments side by side: what changed, and what it came to."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.dvc.experiments.errors import ColumnUnknown
from ml_assets.dvc.experiments.found import find_experiment, list_experiments
from ml_assets.dvc.experiments.table import Group, Order, Row, all_baselines, experiment_groups
from ml_assets_tests.dvc.experiments.made import make_experiment
from ml_assets_tests.factories import run, write


def row(name: str, params: dict[str, object], metrics: dict[str, object]) -> Row:
    return Row(name=name, rev=name, time=None, params=params, metrics=metrics)


GROUP = Group(
    baseline=row("main", {"C": 1.0, "kind": "a", "seed": 7}, {"auc": 0.7}),
    experiments=(
        row("one", {"C": 2.0, "kind": "a", "seed": 7}, {"auc": 0.9, "n": 1}),
        row("two", {"C": 1.0, "kind": "b"}, {"auc": 0.8}),
        row("bad", {"C": 3.0, "kind": "a", "seed": 7}, {}),
    ),
)


def test_changed_are_the_params_in_which_it_is_not_the_baseline() -> None:
    one, two, _ = GROUP.experiments
    assert GROUP.changed(one) == {"C": 2.0}
    assert GROUP.changed(two) == {"kind": "b", "seed": None}
    assert GROUP.varied() == ("C", "kind", "seed")
    alone = Group(baseline=GROUP.baseline, experiments=(one,))
    assert alone.varied() == ("C",)


def test_telling_metrics_are_those_in_which_rows_differ() -> None:
    rows = tuple(row(name, {}, {"rows": 100, "auc": auc}) for name, auc in {"one": 0.8, "two": 0.9}.items())
    assert Group(baseline=row("main", {}, {"rows": 100}), experiments=rows).telling_metrics() == ("auc",)
    assert Group(baseline=row("main", {}, {}), experiments=rows[:1]).telling_metrics() == ("rows", "auc")


def test_sorted_by_a_metric_or_a_param_those_without_come_last() -> None:
    assert [each.name for each in GROUP.sorted_by("auc").experiments] == ["two", "one", "bad"]
    assert [each.name for each in GROUP.sorted_by("auc", Order.DESC).experiments] == ["one", "two", "bad"]
    assert [each.name for each in GROUP.sorted_by("C").experiments] == ["two", "one", "bad"]
    with pytest.raises(ColumnUnknown, match="auc, n, C") as caught:
        GROUP.sorted_by("aux")
    assert caught.value.column == "aux"


def test_it_reads_what_dvc_knows_of_params_and_metrics_of_several_files(root: Path) -> None:
    files = {"more.json": '{"b": {"c": 1}}', "extra.json": '{"total": 5, "by": {"x": 1.5}}'}
    write(root, files)
    pipeline = (root / "dvc.yaml").read_text() + "params: [more.json]\nmetrics: [extra.json]\n"
    write(root, {"dvc.yaml": pipeline})
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-q", "-m", "more", cwd=root)
    rev = make_experiment(root, "five", {"params.yaml": "offset: 5\n", "more.json": '{"b": {"c": 2}}'})
    (group,) = experiment_groups(root, baselines=all_baselines(root))
    (five,) = group.experiments
    assert (five.name, five.rev, five.error) == ("five", rev, None)
    assert group.changed(five) == {"offset": 5, "more.json:b.c": 2}
    assert set(group.metrics()) == {"total.json:total", "extra.json:total", "by.x"}
    assert group.baseline.name == "main"
    make_experiment(root, "six", {"params.yaml": "offset: 6\n"})
    (some,) = experiment_groups(root, baselines=all_baselines(root), only=[find_experiment(root, "six")])
    assert [each.name for each in some.experiments] == ["six"]
    (every,) = experiment_groups(root, baselines=all_baselines(root), only=list_experiments(root))
    assert {each.name for each in every.experiments} == {"five", "six"}
