"""Resolves names: paths of outputs, of tracked folders and of landed files, addresses of objects."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection, Row

from ml_assets.ledger.index.errors import Ambiguous, NotThen
from ml_assets.ledger.index.nodes import Kind, Node, Start
from ml_assets.ledger.index.question import Question
from ml_assets.ledger.index.schema import OPEN

SPANS = (
    "SELECT span.* FROM out JOIN span ON span.entry = out.entry WHERE out.path = ? ORDER BY since, span.id"
)


def by_output(connection: Connection, question: Question) -> Start | None:
    """An output, or a file or folder inside one; of a folder around one, that one."""
    for path in question.paths:
        output = _output_at(connection, path, question)
        if output is not None:
            return _version(connection, output, path, question)
    return None


def _output_at(connection: Connection, path: str, question: Question) -> str | None:
    parts = path.split("/")
    for depth in range(len(parts), 0, -1):
        candidate = "/".join(parts[:depth])
        if connection.execute("SELECT 1 FROM out WHERE path = ?", (candidate,)).fetchone():
            return candidate
    query = "SELECT DISTINCT path FROM out WHERE path > ? || '/' AND path < ? || '0' ORDER BY path"
    inside = [row["path"] for row in connection.execute(query, (path, path))]
    if len(inside) > 1:
        raise Ambiguous(question.text, choices=inside)
    return inside[0] if inside else None


def _version(connection: Connection, output: str, path: str, question: Question) -> Start:
    spans = connection.execute(SPANS, (output,)).fetchall()
    if question.record is None:
        span = spans[-1]
    else:
        then = [each for each in spans if each["since"] <= question.record < each["until"]]
        if not then:
            raise NotThen(question.text, record=question.record, known=told_ranges(spans))
        span = then[-1]
    inside = f" (for {path}, which is in it)" if path != output else ""
    return Start(
        (Node(Kind.STAGE_RUN, span["id"]),),
        f"{output}{inside}, made by stage {span['stage']}, in {told_ranges([span])}",
        span["since"] if question.record is None else question.record,
    )


def by_source(connection: Connection, question: Question) -> Start | None:
    """What a .dvc file tracks, after the newest record that says so, or after the one that is named."""
    for path in question.paths:
        path = path.removesuffix(".dvc")  # noqa: PLW2901 - people name either
        query = "SELECT * FROM state WHERE path = ? AND record <= ? ORDER BY record DESC, id DESC LIMIT 1"
        row = connection.execute(query, (path, question.record or OPEN)).fetchone()
        if row is not None:
            said = f"{path} as record {row['record']} left it"
            return Start((Node(Kind.SOURCE, row["id"]),), said, row["record"])
        if first := connection.execute("SELECT min(record) FROM state WHERE path = ?", (path,)).fetchone()[0]:
            raise NotThen(question.text, record=question.record or 0, known=f"records {first} and later")
    return None


def by_landed_path(connection: Connection, question: Question) -> Start | None:
    """All generations that were in raw under a path, or the one of the record that is named."""
    for path in question.paths:
        for row in connection.execute("SELECT DISTINCT source FROM landed"):
            inside = path.removeprefix(f"{row['source']}/")
            query = "SELECT * FROM landed WHERE source = ? AND path = ? ORDER BY since"
            found = connection.execute(query, (row["source"], inside)).fetchall()
            if found:
                return _generations(found, f"{row['source']}/{inside}", question)
    return None


def by_url(connection: Connection, question: Question) -> Start | None:
    """All generations of an object, or the one that was in raw at the record that is named."""
    scheme, found, rest = question.name.partition("://")
    if not found or scheme != "s3":
        return None
    bucket, _, key = rest.partition("/")
    query = "SELECT * FROM landed WHERE key = ? AND bucket = ? ORDER BY since"
    rows = connection.execute(query, (key, bucket)).fetchall()
    return _generations(rows, question.name, question) if rows else None


def _generations(found: Sequence[Row], name: str, question: Question) -> Start:
    at = question.record
    then = [row for row in found if at is None or row["since"] <= at < row["until"]]
    if at is not None and not then:
        raise NotThen(question.text, record=at, known=told_ranges(found))
    many = f" in {len(then)} generations" if len(then) > 1 else ""
    said = f"{name}{many}, in {told_ranges(then)}"
    return Start(tuple(Node(Kind.LANDED, row["id"]) for row in then), said, at)


def told_ranges(found: Sequence[Row]) -> str:
    """The records [since, until) of rows, for people."""
    most = 5
    told = [_told(row["since"], row["until"]) for row in found[-most:]]
    more = f"{len(found) - most} earlier ranges, " if len(found) > most else ""
    word = "record" if len(found) == 1 and told[0].isdigit() else "records"
    return f"{word} {more}{', '.join(told)}"


def _told(since: int, until: int) -> str:
    if until == OPEN:
        return f"{since} and later"
    return str(since) if until == since + 1 else f"{since} to {until - 1}"
