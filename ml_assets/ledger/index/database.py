"""The index's SQLite file: opened for each piece of work, begun anew where another version made it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ml_assets.ledger.index.errors import IndexBusy, IndexUnusable
from ml_assets.ledger.index.schema import TABLES, VERSION

FOLDER = Path(".ml_assets/index")
BUSY_SECONDS = 60.0


@dataclass(frozen=True)
class Position:
    """The newest record that is counted in; (0, None) when none is."""

    number: int = 0
    digest: str | None = None


class Database:
    """Every transaction that writes takes the write lock at its begin: what it has read is still so then.

    A rollback journal and not a write-ahead log: it works on network disks, and SQLite itself discards a
    journal whose database was deleted.
    """

    def __init__(self, file: Path, *, kinds: str) -> None:
        self.file = file
        self._version = f"{VERSION} {kinds}"

    @classmethod
    def of(cls, url: str, *, root: Path, kinds: str) -> Database:
        """The index of the ledger at `url`, among the caches of the project at `root`."""
        return cls(root / FOLDER / f"{sha256(url.encode()).hexdigest()[:16]}.sqlite", kinds=kinds)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, all or nothing. Raises IndexBusy and IndexUnusable."""
        self._make_folder()
        with self._transaction("BEGIN IMMEDIATE") as connection:
            self._prepare(connection)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the index, which was caught up once, whoever writes meanwhile.

        Raises IndexBusy and IndexUnusable.
        """
        if not self.file.exists():
            # Nothing was ever appended: nothing is written either.
            with closing(_connect(":memory:")) as connection:
                wipe(connection)
                yield connection
            return
        with self._transaction("BEGIN") as connection:
            yield connection

    def position(self) -> Position:
        """How far the index has come. Raises IndexBusy and IndexUnusable."""
        if not self.file.exists():
            return Position()
        with self._transaction("BEGIN") as connection:
            return position(connection) if self._is_prepared(connection) else Position()

    def delete(self) -> None:
        """Raises IndexUnusable."""
        try:
            self.file.unlink(missing_ok=True)
        except OSError as error:
            raise IndexUnusable(file=self.file, cause=str(error)) from error

    def _make_folder(self) -> None:
        if self.file.parent.is_dir():
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            # A cache is nobody's to commit, whatever the project's own .gitignore says.
            (self.file.parent / ".gitignore").write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise IndexUnusable(file=self.file, cause=str(error)) from error

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            with closing(_connect(self.file)) as connection:
                connection.execute(begin)
                try:
                    yield connection
                except BaseException:
                    connection.rollback()
                    raise
                connection.commit()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise IndexBusy(file=self.file, waited=BUSY_SECONDS) from error
            raise IndexUnusable(file=self.file, cause=str(error)) from error
        except sqlite3.DatabaseError as error:
            raise IndexUnusable(file=self.file, cause=str(error)) from error

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if not self._is_prepared(connection):
            wipe(connection)
            write_fact(connection, "version", self._version)

    def _is_prepared(self, connection: sqlite3.Connection) -> bool:
        found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'fact'").fetchone()
        return found is not None and read_fact(connection, "version") == self._version


def _connect(file: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    # A power cut may tear it; then it is made again. A killed process does no harm.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def position(connection: sqlite3.Connection) -> Position:
    return Position(int(read_fact(connection, "number") or 0), read_fact(connection, "digest"))


def move(connection: sqlite3.Connection, to: Position) -> None:
    write_fact(connection, "number", str(to.number))
    write_fact(connection, "digest", to.digest)


def read_fact(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
    return None if row is None else row["value"]


def write_fact(connection: sqlite3.Connection, name: str, value: str | None) -> None:
    connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))


def wipe(connection: sqlite3.Connection) -> None:
    """Drop all that is there, whatever version made it, and make empty tables."""
    version = None
    made = connection.execute(
        "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view')"
    ).fetchall()
    if any(row["name"] == "fact" for row in made):
        version = read_fact(connection, "version")
    for row in made:
        connection.execute(f'DROP {row["type"]} IF EXISTS "{row["name"]}"')
    # Not executescript: it would commit first.
    for statement in TABLES.split(";"):
        if statement.strip():
            connection.execute(statement)
    if version is not None:
        write_fact(connection, "version", version)
