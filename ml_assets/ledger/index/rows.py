"""What the index answers with: stage runs, what they read, sources and landed objects, as plain values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from sqlite3 import Connection, Row
from typing import Any

from ml_assets.ledger.index.schema import OPEN


@dataclass(frozen=True)
class Out:
    path: str
    hash: str
    size: int | None


@dataclass(frozen=True)
class CodeFile:
    """A file that a stage reached by imports; None where it could not be read."""

    path: str
    sha256: str | None


@dataclass(frozen=True)
class Input:
    """Something that a stage read; `node` is the stage run or the source that it is, where it is one."""

    path: str
    hash: str
    kind: str
    node: int | None = None
    within: str = ""


@dataclass(frozen=True, kw_only=True)
class StageRun:
    """A stretch of records in which a stage had one entry in dvc.lock; `until` is None while it has."""

    id: int
    stage: str
    since: int
    until: int | None
    outcome: str | None
    cmd: tuple[str, ...]
    params: dict[str, Any]
    outs: tuple[Out, ...]
    inputs: tuple[Input, ...] = ()
    time: str
    actor: str
    commit: str | None
    dirty: bool
    environment: str
    dagster_run: str | None
    code: str | None
    code_files: tuple[CodeFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Landed:
    """One generation of an object, in raw under `path` from record `since` to the one before `until`."""

    id: int
    bucket: str
    key: str
    version_id: str | None
    etag: str
    size: int
    sha256: str
    source: str
    path: str
    since: int
    until: int | None

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a .dvc file named after record `record`; `by_hand` where no intake had left it so."""

    id: int
    file: str
    path: str
    hash: str
    record: int
    by_hand: bool
    landed: tuple[Landed, ...] = ()


SPAN = """
SELECT span.*, entry.cmd, entry.params, record.time, record.actor, record.git_commit, record.dirty,
    record.environment, record.run_id
FROM span JOIN entry ON entry.id = span.entry JOIN record ON record.number = span.since
"""


def stage_run(row: Row, *, outs: Iterable[Out]) -> StageRun:
    """A row of SPAN, without what it read."""
    return StageRun(
        id=row["id"],
        stage=row["stage"],
        since=row["since"],
        until=end(row["until"]),
        outcome=row["outcome"],
        cmd=tuple(json.loads(row["cmd"])),
        params=json.loads(row["params"]),
        outs=tuple(outs),
        time=row["time"],
        actor=row["actor"],
        commit=row["git_commit"],
        dirty=bool(row["dirty"]),
        environment=row["environment"],
        dagster_run=row["run_id"],
        code=row["code"],
    )


def landed(row: Row) -> Landed:
    """A row of the table `landed`."""
    names = ("id", "bucket", "key", "version_id", "etag", "size", "sha256", "source", "path", "since")
    return Landed(**{name: row[name] for name in names}, until=end(row["until"]))


def source(row: Row, *, landed: Iterable[Landed] = ()) -> Source:
    """A row of the table `state`."""
    names = ("id", "file", "path", "hash", "record")
    return Source(**{name: row[name] for name in names}, by_hand=bool(row["by_hand"]), landed=tuple(landed))


def out(row: Row) -> Out:
    return Out(row["path"], row["hash"], row["size"])


def end(until: int) -> int | None:
    return None if until == OPEN else until


def chosen(connection: Connection, ids: Iterable[int]) -> None:
    """Put `ids` into the temporary table `chosen`: a list in a statement has a limit."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS chosen (id INTEGER PRIMARY KEY)")
    connection.execute("DELETE FROM chosen")
    connection.executemany("INSERT OR IGNORE INTO chosen VALUES (?)", ((each,) for each in ids))
