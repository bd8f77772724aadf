"""Sets of code files, each kept once."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

from ml_assets.ledger.canonical import canonical_json, sha256_hex

Files = Sequence[tuple[str, str | None]]
"""Path and hash of each file, in an order of their own."""


def code_set(connection: Connection, files: Files) -> int | None:
    """The set with just these files; None of none."""
    if not files:
        return None
    digest = sha256_hex(canonical_json(list(files)))
    row = connection.execute("SELECT id FROM code_set WHERE digest = ?", (digest,)).fetchone()
    if row is not None:
        return int(row["id"])
    known = new_id(connection.execute("INSERT INTO code_set (digest) VALUES (?)", (digest,)).lastrowid)
    connection.executemany("INSERT INTO code_file VALUES (?, ?, ?)", [(known, *each) for each in files])
    return known


def new_id(lastrowid: int | None) -> int:
    """The id of a row that was just inserted."""
    assert lastrowid is not None  # noqa: S101 - an insert has one
    return lastrowid
