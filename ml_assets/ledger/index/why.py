"""Where something comes from: the ancestry of stage runs, up to code and landed objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from sqlite3 import Connection

from ml_assets.ledger.index import rows
from ml_assets.ledger.index.nodes import Kind, Start
from ml_assets.ledger.index.rows import CodeFile, Input, Landed, Source, StageRun

# UNION and not UNION ALL: what two stages have in common is walked once, and a circle ends.
UP = """
WITH RECURSIVE up (span) AS (
    SELECT id FROM chosen UNION SELECT edge.parent FROM edge JOIN up ON edge.child = up.span
)
"""


@dataclass(frozen=True)
class Ancestry:
    """All that a start comes from: runs by id, each with its inputs, and the sources that they read, by id.

    `landed` are the objects that were asked about themselves.
    """

    start: Start
    runs: dict[int, StageRun]
    sources: dict[int, Source]
    landed: tuple[Landed, ...] = ()

    def all_landed(self) -> dict[int, Landed]:
        """Every landed object in it, by id."""
        found = [*self.landed, *(each for source in self.sources.values() for each in source.landed)]
        return {each.id: each for each in found}


def why(connection: Connection, start: Start) -> Ancestry:
    """The whole ancestry of `start`, from an index that was caught up."""
    runs = _runs(connection, start.ids(Kind.STAGE_RUN))
    sources = _sources_read(connection) | _sources_asked(connection, start.ids(Kind.SOURCE))
    rows.chosen(connection, start.ids(Kind.LANDED))
    asked = connection.execute("SELECT * FROM landed WHERE id IN chosen ORDER BY path, since")
    return Ancestry(start, runs, sources, tuple(map(rows.landed, asked)))


def _runs(connection: Connection, starts: Iterable[int]) -> dict[int, StageRun]:
    rows.chosen(connection, starts)
    spans = connection.execute(f"{UP} {rows.SPAN} JOIN up ON up.span = span.id ORDER BY span.id").fetchall()
    rows.chosen(connection, [row["id"] for row in spans])
    outs, inputs, files = defaultdict(list), _inputs(connection), defaultdict(list)
    for row in connection.execute(
        "SELECT chosen.id, out.* FROM chosen JOIN span USING (id) JOIN out ON out.entry = span.entry"
    ):
        outs[row["id"]].append(rows.out(row))
    for row in connection.execute(
        "SELECT chosen.id, path, hash FROM chosen JOIN span USING (id)"
        " JOIN code_file ON code_file.code_set = span.imported"
    ):
        files[row["id"]].append(CodeFile(row["path"], row["hash"]))
    return {
        row["id"]: replace(
            rows.stage_run(row, outs=outs[row["id"]]),
            inputs=tuple(inputs.get(row["id"], ())),
            code_files=tuple(files[row["id"]]),
        )
        for row in spans
    }


def _inputs(connection: Connection) -> dict[int, list[Input]]:
    """What the chosen spans read, sorted by path."""
    found: dict[int, list[Input]] = defaultdict(list)
    query = """
    SELECT child AS span, path, hash, ? AS kind, parent AS node, '' AS within FROM edge
        WHERE child IN chosen
    UNION ALL SELECT span, path, hash, ?, state, within FROM reads WHERE span IN chosen
    UNION ALL SELECT span, path, hash, kind, NULL, '' FROM leaf WHERE span IN chosen
    UNION ALL SELECT span.id, path, hash, ?, NULL, '' FROM chosen JOIN span USING (id)
        JOIN code_file ON code_file.code_set = span.declared
    ORDER BY span, path, node
    """
    for row in connection.execute(query, (Kind.STAGE_RUN, Kind.SOURCE, Kind.CODE)):
        each = Input(row["path"], row["hash"], str(row["kind"]), row["node"], row["within"])
        found[row["span"]].append(each)
    return found


def _sources_read(connection: Connection) -> dict[int, Source]:
    """The sources of the chosen spans, with the objects that these took from them."""
    taken: dict[int, list[Landed]] = defaultdict(list)
    query = """
    SELECT DISTINCT took.state, landed.* FROM took JOIN landed ON landed.id = took.landed
    WHERE took.span IN chosen ORDER BY took.state, landed.path
    """
    for row in connection.execute(query):
        taken[row["state"]].append(rows.landed(row))
    query = "SELECT * FROM state WHERE id IN (SELECT state FROM reads WHERE span IN chosen) ORDER BY id"
    return {row["id"]: rows.source(row, landed=taken[row["id"]]) for row in connection.execute(query)}


def _sources_asked(connection: Connection, states: Iterable[int]) -> dict[int, Source]:
    found = {}
    for each in states:
        row = connection.execute("SELECT * FROM state WHERE id = ?", (each,)).fetchone()
        held = connection.execute(
            "SELECT * FROM landed WHERE source = ? AND since <= ? AND until > ? ORDER BY path",
            (row["path"], row["record"], row["record"]),
        )
        found[each] = rows.source(row, landed=map(rows.landed, held))
    return found
