"""Shows a run of stages in a terminal: what is at work with its newest line, and what ended."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ml_assets.dvc.events import (
    Event,
    StageBroke,
    StageFinished,
    StageLine,
    StageSkipped,
    StageStarted,
)


def show_progress(events: Iterable[Event], console: Console) -> None:
    """Print each event; in a terminal, running stages have a live line at the bottom."""
    running: dict[str, str] = {}
    with Live(console=console, transient=True, refresh_per_second=8) as live:
        for event in events:
            _follow(running, event)
            if (line := event_line(event)) is not None:
                console.print(line, highlight=False, soft_wrap=True)
            live.update(_table(running))


def _follow(running: dict[str, str], event: Event) -> None:
    if isinstance(event, StageStarted):
        running[event.stage] = ""
    elif isinstance(event, StageLine):
        running[event.stage] = event.text
    else:
        running.pop(event.stage, None)


def event_line(event: Event, *, within: str = "") -> Text | None:
    """What is printed of an event, if anything; `within` goes before the stage's name."""
    name = f"{within}{event.stage}"
    if isinstance(event, StageLine):
        return Text.assemble((f"{name} | ", "dim"), event.text)
    if isinstance(event, StageFinished):
        return Text(f"{name}: {event.outcome.value} ({event.seconds:.1f} s)", style="green")
    if isinstance(event, StageBroke):
        return Text(f"{name}: failed", style="bold red")
    if isinstance(event, StageSkipped):
        return Text(f"{name}: skipped, since {event.because} failed", style="yellow")
    return None


def _table(running: dict[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    for stage, line in running.items():
        table.add_row(Text(stage, style="bold"), Text(line, overflow="ellipsis", no_wrap=True))
    return table
