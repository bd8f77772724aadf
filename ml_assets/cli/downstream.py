"""What came of something, for people: counts first, then the newest stage runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ml_assets.cli.ancestry import INDENT, object_json, short, told_commit, told_objects, told_span
from ml_assets.ledger.index.impact import Impact
from ml_assets.ledger.index.rows import StageRun

NEWEST = 20


def impact_json(found: Impact) -> dict[str, Any]:
    """Everything, the newest runs first; what a run has read is `why`'s to tell."""
    return {
        "asked": found.start.said,
        "record": found.start.record,
        "landed": [object_json(each) for each in found.landed],
        "records": found.records,
        "current": sorted({out.path for _, out in found.current}),
        "runs": [_run_json(run) for run in found.runs],
    }


def _run_json(run: StageRun) -> dict[str, Any]:
    told = {name: value for name, value in vars(run).items() if name not in {"inputs", "code_files"}}
    return {**told, "outs": [vars(out) for out in run.outs]}


def impact_lines(found: Impact, *, every: bool) -> Iterator[str]:
    yield found.start.said
    yield from (f"{INDENT}{line}" for line in told_objects(found.landed, every=every))
    if not found.runs:
        yield "Nothing was made of it: no run of a stage that a record knows has read it."
        return
    stages = len({run.stage for run in found.runs})
    yield f"{len(found.runs)} runs of {stages} stages, in {told_records(found.records)}"
    for run in found.runs if every else found.runs[:NEWEST]:
        yield f"{INDENT}{run.stage}  {told_span(run)}, commit {told_commit(run)}"
        yield from (f"{INDENT * 2}-> {out.path}  {short(out.hash)}" for out in run.outs)
    if not every and len(found.runs) > NEWEST:
        yield f"{INDENT}and {len(found.runs) - NEWEST} earlier runs (--all names them)"
    current = sorted({out.path for _, out in found.current})
    yield f"Still current: {', '.join(current)}" if current else "None of these outputs is current any more."


def told_records(found: tuple[tuple[int, int], ...]) -> str:
    most = 8
    told = [str(first) if first == last else f"{first} to {last}" for first, last in found[:most]]
    more = f" and {len(found) - most} earlier ranges" if len(found) > most else ""
    word = "record" if len(found) == 1 and told[0].isdigit() else "records"
    return f"{word} {', '.join(told)}{more}"
