"""Resolves what a stage has read, once, when a span of it begins: other spans, sources, code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from sqlite3 import Connection

from ml_assets.dvc.lockfile import LockedPath
from ml_assets.ledger.index.code_sets import code_set
from ml_assets.ledger.index.entries import Entry
from ml_assets.ledger.index.intakes import named
from ml_assets.ledger.index.nodes import Kind
from ml_assets.ledger.record import RunRecord


class Reader:
    """What the stages of one run record read, seen from that record."""

    def __init__(self, connection: Connection, record: RunRecord, entries: Sequence[Entry]) -> None:
        self._connection = connection
        self._outs = {out.path: out.md5 for entry in entries for out in entry.locked.outs}
        self._sources = {
            path: content
            for file, text in record.dvc_files.items()
            if file.endswith(".dvc")
            for path, content in named(file, text).items()
        }

    def resolve(self, span: int, entry: Entry) -> None:
        code = [dep for dep in entry.locked.deps if not self._resolve(span, dep)]
        declared = code_set(self._connection, [(dep.path, dep.md5) for dep in code])
        self._connection.execute("UPDATE span SET declared = ? WHERE id = ?", (declared, span))

    def _resolve(self, span: int, dep: LockedPath) -> bool:
        """Whether it is no code. By path and hash first: it may be an older version than the newest."""
        if (parent := self._made(dep.path, dep.md5)) is not None:
            self._edge(span, parent, dep)
        elif (state := self._state(dep.path, dep.md5)) is not None:
            self._reads(span, state, dep, within="")
        elif not self._by_place(span, dep):
            return self._leaf(span, dep)
        return True

    def _by_place(self, span: int, dep: LockedPath) -> bool:
        """A dependency inside an output or a source, or a folder around some: their hashes are others."""
        found = False
        for path in _overlapping(dep.path, self._outs):
            if (parent := self._made(path, self._outs[path])) is not None and parent != span:
                self._edge(span, parent, dep)
                found = True
        for path in _overlapping(dep.path, self._sources):
            if (state := self._state(path, self._sources[path])) is not None:
                self._reads(span, state, dep, within=dep.path[len(path) + 1 :])
                found = True
        return found

    def _made(self, path: str, content: str) -> int | None:
        row = self._connection.execute(
            "SELECT span FROM made WHERE path = ? AND hash = ?", (path, content)
        ).fetchone()
        return None if row is None else int(row["span"])

    def _state(self, path: str, content: str) -> int | None:
        row = self._connection.execute(
            "SELECT id FROM state WHERE path = ? AND hash = ? ORDER BY record DESC, id DESC LIMIT 1",
            (path, content),
        ).fetchone()
        return None if row is None else int(row["id"])

    def _edge(self, span: int, parent: int, dep: LockedPath) -> None:
        self._connection.execute("INSERT INTO edge VALUES (?, ?, ?, ?)", (span, parent, dep.path, dep.md5))

    def _reads(self, span: int, state: int, dep: LockedPath, *, within: str) -> None:
        self._connection.execute(
            "INSERT INTO reads VALUES (?, ?, ?, ?, ?)", (span, state, dep.path, dep.md5, within)
        )

    def _leaf(self, span: int, dep: LockedPath) -> bool:
        if "://" in dep.path:
            kind = Kind.EXTERNAL
        elif dep.path in self._outs or dep.path in self._sources:
            kind = Kind.UNRECORDED
        else:
            return False
        self._connection.execute("INSERT INTO leaf VALUES (?, ?, ?, ?)", (span, kind, dep.path, dep.md5))
        return True


def _overlapping(path: str, others: dict[str, str]) -> Iterator[str]:
    return (other for other in others if path.startswith(f"{other}/") or other.startswith(f"{path}/"))
