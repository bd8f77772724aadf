"""`ml-assets log` and `ml-assets show`: the ledger, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from ml_assets.cli.project import current_ledger
from ml_assets.ledger.chain import verify
from ml_assets.ledger.record import AnyRecord, GcRecord, IntakeRecord, RunRecord


@click.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON list of the records, oldest first.")
def log(*, as_json: bool) -> None:
    """List the records of the ledger, and check that each names the one before it."""
    ledger = current_ledger()
    records = list(ledger.records())
    if as_json:
        verify(records)
        click.echo(json.dumps([_plain(record) for record in records], indent=2))
        return
    for record in records:
        click.echo(
            f"{record.number:>6}  {record.time:%Y-%m-%d %H:%M:%S}  {record.kind:<7} {_summary(record)}"
        )
    verify(records)
    if not records:
        click.echo(f"No records yet in {ledger.url}; a run or a landing appends the first.", err=True)


@click.command()
@click.argument("number", type=click.IntRange(min=1))
def show(number: int) -> None:
    """Print record NUMBER as JSON."""
    click.echo(json.dumps(_plain(current_ledger().get(number)), indent=2))


def _plain(record: AnyRecord) -> dict[str, Any]:
    return {**record.model_dump(mode="json"), "digest": record.digest}


def _summary(record: AnyRecord) -> str:
    if isinstance(record, IntakeRecord):
        return ", ".join([f"{len(record.landed)} objects landed", *_beside(record)])
    if isinstance(record, RunRecord):
        return _run_summary(record)
    if isinstance(record, GcRecord):
        return f"{record.objects} objects given up on {record.remote}, kept: {', '.join(record.keep)}"
    return f"pin moved to {record.commit[:12]}"


def _beside(record: IntakeRecord) -> Iterator[str]:
    rejected = sum(each.rejected_rows for each in record.landed)
    counts = {
        "quarantined": len(record.quarantined),
        "rows rejected": rejected,
        "gone upstream": len(record.gone),
    }
    yield from (f"{count} {what}" for what, count in counts.items() if count)
    if record.drift:
        yield f"schema of {', '.join(each.source for each in record.drift)} changed"


def _run_summary(record: RunRecord) -> str:
    # Canonical JSON sorts names; the outputs keep the pipeline's order.
    order = dict.fromkeys([*(out.stage for out in record.outputs), *record.stages])
    stages = ", ".join(f"{name} {record.stages[name]}" for name in order if name in record.stages)
    numbers = [f"{name} {value:.4f}" for name, value in _headline(record.metrics).items()]
    stale = f"; stale: {', '.join(record.stale)}" if record.stale else ""
    return "; ".join([stages, *numbers]) + stale


def _headline(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The numbers at the top of each metrics file, at most three of them."""
    found = {
        name: float(value)
        for content in metrics.values()
        if isinstance(content, Mapping)
        for name, value in content.items()
        if isinstance(value, int | float)
    }
    return dict(list(found.items())[:3])
