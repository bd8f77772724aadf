"""Counts in a run: which entries of dvc.lock began and ended with it, and what those that began have read."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection

from ml_assets.dvc.errors import LockFileUnreadable
from ml_assets.ledger.canonical import canonical_json
from ml_assets.ledger.index.code_sets import code_set, new_id
from ml_assets.ledger.index.entries import Entry, entries_of
from ml_assets.ledger.index.intakes import add_state, named
from ml_assets.ledger.index.lineage import Reader
from ml_assets.ledger.index.schema import OPEN
from ml_assets.ledger.record import RunRecord, StageCode

MADE = ("ran", "restored")
"""Outcomes after which the code of now is the code that made the outputs."""


def project_run(connection: Connection, record: RunRecord) -> None:
    """A projector: see `projectors`."""
    _see_sources(connection, record)
    try:
        entries = list(entries_of(record))
    except LockFileUnreadable:
        # A lock that was torn when it was recorded says nothing; the answers about all others must not go.
        return
    begun = _turn_over(connection, record, entries)
    for span, entry in begun:
        connection.executemany(
            "INSERT OR REPLACE INTO made VALUES (?, ?, ?)",
            [(out.path, out.md5, span) for out in entry.locked.outs],
        )
    reader = Reader(connection, record, entries)
    for span, entry in begun:
        reader.resolve(span, entry)
    connection.executemany(
        "INSERT OR IGNORE INTO sha256 VALUES (?, ?, ?)",
        [(out.path, out.md5, out.sha256) for out in record.outputs if out.sha256],
    )


def _see_sources(connection: Connection, record: RunRecord) -> None:
    """Content that no record before has named was made by hand; other may be older than the newest."""
    for file, text in record.dvc_files.items():
        if not file.endswith(".dvc"):
            continue
        for path, content in named(file, text).items():
            known = connection.execute("SELECT 1 FROM state WHERE path = ? AND hash = ?", (path, content))
            if known.fetchone() is None:
                add_state(connection, file, path, content, record.number, by_hand=1)


def _turn_over(
    connection: Connection, record: RunRecord, entries: Iterable[Entry]
) -> list[tuple[int, Entry]]:
    rows = connection.execute("SELECT id, stage, entry, code FROM span WHERE until = ?", (OPEN,))
    open_spans = {row["stage"]: row for row in rows}
    begun = []
    for entry in entries:
        before = open_spans.pop(entry.stage, None)
        known, code = _entry_id(connection, entry), record.code.get(entry.stage)
        if before is not None:
            if before["entry"] == known and not _made_by_other_code(
                record, entry.stage, code, before["code"]
            ):
                continue
            _end(connection, before["id"], record.number)
        begun.append((_begin(connection, record, entry, known, code), entry))
    for row in open_spans.values():
        _end(connection, row["id"], record.number)
    return begun


def _made_by_other_code(record: RunRecord, stage: str, code: StageCode | None, before: str | None) -> bool:
    return code is not None and code.digest != before and record.stages.get(stage) in MADE


def _end(connection: Connection, span: int, record: int) -> None:
    connection.execute("UPDATE span SET until = ? WHERE id = ?", (record, span))


def _begin(
    connection: Connection, record: RunRecord, entry: Entry, known: int, code: StageCode | None
) -> int:
    reached = [(path, record.code_files.get(path)) for path in sorted(code.files)] if code else []
    cursor = connection.execute(
        "INSERT INTO span (stage, entry, imported, code, outcome, since, until) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            entry.stage, known, code_set(connection, reached), code.digest if code else None,
            record.stages.get(entry.stage), record.number, OPEN,
        ),
    )  # fmt: skip
    return new_id(cursor.lastrowid)


def _entry_id(connection: Connection, entry: Entry) -> int:
    row = connection.execute(
        "SELECT id FROM entry WHERE stage = ? AND digest = ?", (entry.stage, entry.digest)
    ).fetchone()
    if row is not None:
        return int(row["id"])
    cmd = canonical_json(list(entry.locked.cmd)).decode()
    cursor = connection.execute(
        "INSERT INTO entry (stage, digest, cmd, params) VALUES (?, ?, ?, ?)",
        (entry.stage, entry.digest, cmd, entry.params),
    )
    known = new_id(cursor.lastrowid)
    connection.executemany(
        "INSERT INTO out VALUES (?, ?, ?, ?)",
        [(known, out.path, out.md5, out.size) for out in entry.locked.outs],
    )
    return known
