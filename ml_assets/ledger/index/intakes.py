"""Counts in an intake: which generations are in raw from now on, and which no longer."""

from __future__ import annotations

from functools import lru_cache
from sqlite3 import Connection

from ml_assets.dvc.content import named_paths
from ml_assets.ledger.index.schema import OPEN
from ml_assets.ledger.record import IntakeRecord, Landed


def project_intake(connection: Connection, record: IntakeRecord) -> None:
    """A projector: see `projectors`."""
    source = _source(connection, record)
    changed = False
    for gone in record.gone:
        if gone.removed:
            changed = True
            _end(connection, "bucket = ? AND key = ?", (gone.bucket, gone.key), record.number)
    for landed in record.landed:
        changed = True
        _end(connection, "source = ? AND path = ?", (source, landed.path), record.number)
        _begin(connection, source, landed, record.number)
    connection.executemany(
        "INSERT INTO refused VALUES (?, ?, ?, ?)",
        [(each.bucket, each.key, each.reason, record.number) for each in record.quarantined],
    )
    for file, text in record.dvc_files.items():
        if file.endswith(".dvc"):
            for path, content in named(file, text).items():
                # Other bytes may have landed than those in raw, after rows were taken out: equal content
                # can be of other generations.
                if changed or newest_hash(connection, path) != content:
                    add_state(connection, file, path, content, record.number, by_hand=0)


@lru_cache(maxsize=256)
def named(file: str, text: str) -> dict[str, str]:
    """`named_paths`, remembered: most records repeat the texts of the one before."""
    return named_paths(file, text)


def add_state(
    connection: Connection, file: str, path: str, content: str, record: int, *, by_hand: int
) -> None:
    connection.execute(
        "INSERT INTO state (file, path, hash, record, by_hand) VALUES (?, ?, ?, ?, ?)",
        (file, path, content, record, by_hand),
    )


def newest_hash(connection: Connection, path: str) -> str | None:
    row = connection.execute(
        "SELECT hash FROM state WHERE path = ? ORDER BY record DESC, id DESC LIMIT 1", (path,)
    ).fetchone()
    return None if row is None else row["hash"]


def _source(connection: Connection, record: IntakeRecord) -> str:
    """The folder into which objects land: what the intake's .dvc file tracks."""
    for file, text in record.dvc_files.items():
        if file.endswith(".dvc") and (paths := named(file, text)):
            return next(iter(paths))
    row = connection.execute("SELECT source FROM landed ORDER BY id DESC LIMIT 1").fetchone()
    return "" if row is None else row["source"]


def _end(connection: Connection, which: str, values: tuple[str, str], record: int) -> None:
    connection.execute(
        f"UPDATE landed SET until = ? WHERE {which} AND until = ?",  # noqa: S608 - our own two conditions
        (record, *values, OPEN),
    )


def _begin(connection: Connection, source: str, each: Landed, record: int) -> None:
    connection.execute(
        "INSERT INTO landed (source, path, bucket, key, version_id, etag, size, sha256, in_raw_sha256,"
        " since, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            source, each.path, each.bucket, each.key, each.version_id, each.etag, each.size, each.sha256,
            each.in_raw_sha256, record, OPEN,
        ),
    )  # fmt: skip
