"""Experiments side by side: the params in which they differ from where they started, and their metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from ml_assets.dvc.experiments.errors import ColumnUnknown
from ml_assets.dvc.experiments.found import Experiment, list_experiments

DEFAULT_PARAMS = "params.yaml"


class Order(StrEnum):
    """Which way experiments are sorted."""

    ASC = "asc"
    DESC = "desc"


@dataclass(frozen=True, kw_only=True)
class Row:
    """An experiment, or the baseline of some, with flat names; `error` says why there is no more."""

    name: str
    rev: str
    time: datetime | None
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Group:
    """The experiments below one baseline, the newest first."""

    baseline: Row
    experiments: tuple[Row, ...]

    def changed(self, row: Row) -> dict[str, Any]:
        """The params in which `row` is not the baseline; None is a param that it does not have."""
        names = {**self.baseline.params, **row.params}
        return {
            name: row.params.get(name)
            for name in names
            if row.params.get(name) != self.baseline.params.get(name)
        }

    def varied(self) -> tuple[str, ...]:
        """Names of the params in which any experiment differs from the baseline, in the files' order."""
        changed = {name for row in self.experiments for name in self.changed(row)}
        known = dict.fromkeys(name for row in (self.baseline, *self.experiments) for name in row.params)
        return tuple(name for name in known if name in changed)

    def metrics(self) -> tuple[str, ...]:
        """Names of all metrics that are numbers, in the files' order."""
        names = dict.fromkeys(name for row in (self.baseline, *self.experiments) for name in row.metrics)
        return tuple(
            name for name in names if any(is_number(row.metrics.get(name)) for row in self.experiments)
        )

    def telling_metrics(self) -> tuple[str, ...]:
        """The metrics in which rows differ, and so not the number of test rows, say; all if none does."""
        rows = (self.baseline, *self.experiments)
        values = {name: {str(row.metrics.get(name)) for row in rows} - {"None"} for name in self.metrics()}
        return tuple(name for name in values if len(values[name]) > 1) or self.metrics()

    def columns(self) -> tuple[str, ...]:
        """What the experiments can be sorted by."""
        return (*self.metrics(), *self.varied())

    def sorted_by(self, column: str, order: Order = Order.ASC) -> Group:
        """This group with its experiments in the order of a metric or param; those without it come last.

        Raises:
            ColumnUnknown.
        """
        if column not in self.columns():
            raise ColumnUnknown(column, self.columns())
        values = {row.rev: {**row.params, **row.metrics}.get(column) for row in self.experiments}
        having = [row for row in self.experiments if values[row.rev] is not None]
        having.sort(key=lambda row: _sort_key(values[row.rev]), reverse=order is Order.DESC)
        lacking = [row for row in self.experiments if values[row.rev] is None]
        return Group(baseline=self.baseline, experiments=(*having, *lacking))


def experiment_groups(
    root: Path, *, baselines: Sequence[str], only: Sequence[Experiment] | None = None
) -> tuple[Group, ...]:
    """What DVC knows of the experiments below each of the commits `baselines`: of all, or of some `only`."""
    from ml_assets.dvc._internals.repo import open_repo

    chosen = list_experiments(root) if only is None else only
    with open_repo(root) as repo:
        return tuple(
            _group(repo, baseline, [each for each in chosen if each.baseline == baseline])
            for baseline in baselines
        )


def all_baselines(root: Path) -> tuple[str, ...]:
    """The commits that have experiments."""
    return tuple(dict.fromkeys(each.baseline for each in list_experiments(root)))


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _group(repo: Any, baseline: str, experiments: Sequence[Experiment]) -> Group:
    from ml_assets.dvc._internals.experiments import commit_name

    rows = [_row(repo, each.rev, each.name) for each in experiments]
    rows.sort(key=lambda row: (row.time or datetime.min, row.rev), reverse=True)  # noqa: DTZ901 - as DVC's
    name = commit_name(repo, baseline) or baseline[:7]
    return Group(baseline=_row(repo, baseline, name), experiments=tuple(rows))


def _row(repo: Any, rev: str, name: str) -> Row:
    from ml_assets.dvc._internals.experiments import commit_state

    state = commit_state(repo, rev)
    if state.data is None:
        reason = state.error.msg if state.error else "DVC says nothing of it"
        return Row(name=name, rev=rev, time=None, error=reason)
    return Row(
        name=name,
        rev=rev,
        time=state.data.timestamp,
        params=dict(_named_params(state.data.params)),
        metrics=_named_metrics(state.data.metrics),
    )


def _named_params(files: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for file, content in files.items():
        prefix = "" if file == DEFAULT_PARAMS else f"{file}:"
        for path, value in _leaves(content.get("data")):
            yield prefix + ".".join(path), value


def _named_metrics(files: Mapping[str, Any]) -> dict[str, Any]:
    """By dotted names, with the file's before those that two files have."""
    leaves = [
        (file, ".".join(path), value)
        for file, content in files.items()
        for path, value in _leaves(content.get("data"))
    ]
    times = Counter(name for _, name, _ in leaves)
    return {(name if times[name] == 1 else f"{file}:{name}"): value for file, name, value in leaves}


def _leaves(content: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(content, Mapping):
        for name, value in content.items():
            yield from _leaves(value, (*path, str(name)))
    elif path:
        yield path, content


def _sort_key(value: Any) -> tuple[int, float, str]:
    return (0, float(value), "") if is_number(value) else (1, 0.0, str(value))
