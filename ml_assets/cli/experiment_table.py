"""Experiments as a table for people, as JSON and as CSV for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ml_assets.dvc.experiments.table import Group, Row


def rich_table(group: Group, console: Console) -> Table:
    """The baseline, then its experiments: params that vary and metrics; what changed is bold.

    Metrics that are the same everywhere, or do not fit beside the others, are left out, and that is said.
    """
    metrics, every = group.telling_metrics(), len(group.metrics())
    for shown in range(len(metrics), 0, -1):
        table = _table(group, metrics[:shown], left_out=every - shown)
        if Measurement.get(console, console.options, table).maximum < console.width:
            return table
    return _table(group, metrics[:1], left_out=max(0, every - 1))


def _table(group: Group, metrics: Sequence[str], *, left_out: int) -> Table:
    varied = group.varied()
    table = Table("experiment", "rev", "created", *varied, *metrics)
    if left_out:
        table.caption = f"{left_out} more metrics: ml-assets exp show --csv"
    for row in (group.baseline, *group.experiments):
        table.add_row(*_cells(group, row, varied, metrics))
    return table


def _cells(group: Group, row: Row, varied: Sequence[str], metrics: Sequence[str]) -> list[Text]:
    # No plain strings: rich would take a list in brackets for markup.
    changed = group.changed(row)
    name = row.name if row is not group.baseline else f"({row.name})"
    created = row.time.strftime("%Y-%m-%d %H:%M") if row.time else ""
    cells = [Text(each) for each in (name, row.rev[:7], created)]
    if row.error:
        return [*cells, Text(row.error, style="red")]
    cells += [Text(_shown(row.params.get(each)), "bold" if each in changed else "") for each in varied]
    return cells + [Text(_shown(row.metrics.get(each))) for each in metrics]


def as_json(groups: Iterable[Group]) -> str:
    """A list of baselines, each with its experiments; `changed` are the params that differ from it."""
    plain = [
        {
            "baseline": _plain(group.baseline),
            "experiments": [{**_plain(row), "changed": group.changed(row)} for row in group.experiments],
        }
        for group in groups
    ]
    return json.dumps(plain, indent=2, default=str)


def as_csv(groups: Sequence[Group]) -> str:
    """A line an experiment, baselines included; a column for each param that varies and each metric."""
    varied = tuple(dict.fromkeys(name for group in groups for name in group.varied()))
    metrics = tuple(dict.fromkeys(name for group in groups for name in group.metrics()))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["baseline", "experiment", "rev", "created", *varied, *metrics])
    for group in groups:
        for row in (group.baseline, *group.experiments):
            name = "" if row is group.baseline else row.name
            values = [row.params.get(each, "") for each in varied]
            values += [row.metrics.get(each, "") for each in metrics]
            created = row.time.isoformat() if row.time else ""
            writer.writerow([group.baseline.name, name, row.rev, created, *values])
    return text.getvalue()


def _plain(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "rev": row.rev,
        "created": row.time.isoformat() if row.time else None,
        "params": dict(row.params),
        "metrics": dict(row.metrics),
        "error": row.error,
    }


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.5g}" if isinstance(value, float) else str(value)
