"""The newest records, each in one line, from the index alone."""

from __future__ import annotations

from dataclasses import dataclass
from sqlite3 import Connection


@dataclass(frozen=True)
class Line:
    """A record as `log` tells it."""

    number: int
    kind: str
    time: str
    summary: str


def newest(connection: Connection, *, limit: int, kind: str | None = None) -> list[Line]:
    """The newest `limit` records (0: all) of a kind, or of all kinds; the newest is the last."""
    rows = connection.execute(
        "SELECT number, kind, time, summary FROM record WHERE kind = coalesce(?, kind)"
        " ORDER BY number DESC LIMIT ?",
        (kind, limit or -1),
    )
    return [Line(**dict(row)) for row in reversed(rows.fetchall())]


def newest_run_up_to(connection: Connection, number: int) -> int | None:
    """The newest run record that is not after record `number`."""
    found = connection.execute("SELECT max(number) FROM record WHERE kind = 'run' AND number <= ?", (number,))
    value: int | None = found.fetchone()[0]
    return value
