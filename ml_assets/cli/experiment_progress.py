"""Shows a batch of experiments in a terminal: what each is doing, and what it came to."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ml_assets.cli.progress import event_line
from ml_assets.dvc.events import StageLine
from ml_assets.dvc.experiments.events import (
    ExperimentBroke,
    ExperimentEvent,
    ExperimentProgress,
    ExperimentSaid,
    ExperimentSaved,
    ExperimentStarted,
)


def show_experiments(events: Iterable[ExperimentEvent], console: Console) -> None:
    """Print each event; in a terminal, running experiments have a live line at the bottom."""
    running: dict[str, str] = {}
    with Live(console=console, transient=True, refresh_per_second=8) as live:
        for event in events:
            _follow(running, event)
            if (line := _line(event)) is not None:
                console.print(line, highlight=False, soft_wrap=True)
            live.update(_table(running))


def _follow(running: dict[str, str], event: ExperimentEvent) -> None:
    if isinstance(event, ExperimentStarted):
        running[event.name] = ""
    elif isinstance(event, ExperimentProgress):
        inner = event.event
        running[event.name] = f"{inner.stage} | {inner.text}" if isinstance(inner, StageLine) else inner.stage
    elif isinstance(event, ExperimentSaved | ExperimentBroke):
        running.pop(event.name, None)


def _line(event: ExperimentEvent) -> Text | None:
    if isinstance(event, ExperimentProgress):
        return event_line(event.event, within=f"{event.name}/")
    if isinstance(event, ExperimentSaid):
        return Text.assemble((f"{event.name} | ", "dim"), event.text)
    if isinstance(event, ExperimentSaved):
        return Text(f"{event.name}: kept as {event.rev[:7]} ({event.seconds:.1f} s)", style="bold green")
    if isinstance(event, ExperimentBroke):
        return Text(f"{event.name}: failed", style="bold red")
    return None


def _table(running: dict[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, line in running.items():
        table.add_row(Text(name, style="bold"), Text(line, overflow="ellipsis", no_wrap=True))
    return table
