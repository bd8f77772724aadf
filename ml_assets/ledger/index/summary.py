"""A record in one line, for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ml_assets.ledger.record import AnyRecord, GcRecord, IntakeRecord, PinRecord, Record, RunRecord


def summary_of(record: AnyRecord) -> str:
    """What the record says happened."""
    return SUMMARIES.get(record.kind, _note)(record)


def _note(record: Record) -> str:
    return record.note or ""


def _intake_summary(record: IntakeRecord) -> str:
    return ", ".join([f"{len(record.landed)} objects landed", *_beside(record)])


def _pin_summary(record: PinRecord) -> str:
    return f"pin moved to {record.commit[:12]}"


def _gc_summary(record: GcRecord) -> str:
    return f"{record.objects} objects given up on {record.remote}; kept: {', '.join(record.keep)}"


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


SUMMARIES: Mapping[str, Callable[[Any], str]] = {
    "intake": _intake_summary,
    "run": _run_summary,
    "pin": _pin_summary,
    "gc": _gc_summary,
}
"""By kind; of a kind that is not here the note is told."""
