"""Results as a table for people."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from benchmarks.benchmark import Better
from benchmarks.results import Result


def results_table(results: Iterable[Result]) -> Table:
    """One row a result: the ratio and its range beside the aim, and both medians."""
    table = Table("Benchmark", "Ratio", "Pairs' range", "Aim", "", "Ours", "Theirs", "Peer")
    for each in results:
        low, high = each.spread
        sign = "≤" if each.better is Better.LOWER else "≥"
        table.add_row(
            each.name,
            f"{each.ratio:.2f}",
            f"{low:.2f} to {high:.2f} ({each.runs})",
            f"{sign} {each.aim:g}",
            "reached" if each.reached else "missed",
            f"{each.ours:.2f} {each.unit}",
            f"{each.theirs:.2f} {each.unit}",
            each.peer,
        )
    return table
