"""What something has led to: the records, stage runs and output versions downstream of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from sqlite3 import Connection

from ml_assets.ledger.index import rows
from ml_assets.ledger.index.nodes import Kind, Start
from ml_assets.ledger.index.rows import Landed, Out, StageRun

DOWN = """
WITH RECURSIVE down (span) AS (
    SELECT id FROM chosen
    UNION SELECT took.span FROM took WHERE took.landed IN asked
    UNION SELECT edge.child FROM edge JOIN down ON edge.parent = down.span
)
"""


@dataclass(frozen=True)
class Impact:
    """`runs` are the newest first; `records` are ranges of numbers, both ends in them, newest first.

    `current` are the outputs among theirs that the newest record still has.
    """

    start: Start
    landed: tuple[Landed, ...]
    runs: tuple[StageRun, ...]
    records: tuple[tuple[int, int], ...]

    @property
    def current(self) -> tuple[tuple[StageRun, Out], ...]:
        return tuple((run, out) for run in self.runs if run.until is None for out in run.outs)


def impact(connection: Connection, start: Start) -> Impact:
    """All that comes from `start`, from an index that was caught up.

    A stage run comes from itself, as it does in `why`.
    """
    starts = {*start.ids(Kind.STAGE_RUN), *_readers(connection, start.ids(Kind.SOURCE))}
    _ask(connection, start.ids(Kind.LANDED))
    rows.chosen(connection, starts)
    query = f"{DOWN} {rows.SPAN} JOIN down ON down.span = span.id ORDER BY span.since DESC, span.id DESC"
    spans = connection.execute(query).fetchall()
    rows.chosen(connection, [row["id"] for row in spans])
    outs: dict[int, list[Out]] = defaultdict(list)
    for row in connection.execute(
        "SELECT chosen.id, out.* FROM chosen JOIN span USING (id) JOIN out ON out.entry = span.entry"
    ):
        outs[row["id"]].append(rows.out(row))
    asked = connection.execute("SELECT * FROM landed WHERE id IN asked ORDER BY since DESC, id DESC")
    head = connection.execute("SELECT max(number) FROM record").fetchone()[0]
    runs = tuple(rows.stage_run(row, outs=outs[row["id"]]) for row in spans)
    return Impact(start, tuple(map(rows.landed, asked)), runs, ranges(runs, head=head))


def ranges(runs: Iterable[StageRun], *, head: int) -> tuple[tuple[int, int], ...]:
    """The records in which any of `runs` is part of the state, newest first."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted((run.since, head if run.until is None else run.until - 1) for run in runs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(reversed(merged))


def _readers(connection: Connection, states: Iterable[int]) -> list[int]:
    rows.chosen(connection, states)
    return [row["span"] for row in connection.execute("SELECT span FROM reads WHERE state IN chosen")]


def _ask(connection: Connection, landed: Iterable[int]) -> None:
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS asked (id INTEGER PRIMARY KEY)")
    connection.execute("DELETE FROM asked")
    connection.executemany("INSERT OR IGNORE INTO asked VALUES (?)", ((each,) for each in landed))
