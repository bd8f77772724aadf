"""The journal's database: a SQLite file, or PostgreSQL where several hosts land into one project."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, delete, event, insert, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateSchema

from ml_assets.landing.errors import JournalLocked, JournalUnusable
from ml_assets.landing.journal.postgres import is_locked, postgres_engine, schema_of, without_driver
from ml_assets.landing.journal.tables import SCHEMA_VERSION, facts, metadata
from ml_assets.landing.journal.zone import Zone

BUSY_SECONDS = 10.0


class Journal:
    """Opened for each piece of work and not kept: somebody may delete the file in between.

    Every transaction that writes takes the database's write lock at its begin, so that what it has read is
    still so when it writes.
    """

    def __init__(self, url: str, *, root: Path, zone: Zone) -> None:
        self.zone = zone
        self.url = _sqlalchemy_url(url, root)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, all or nothing. Raises JournalLocked and JournalUnusable."""
        with self._connected() as connection, connection.begin():
            self._prepare(connection)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads, and waits for nobody; the tables are there."""
        with self._connected() as connection:
            reader = connection.execution_options(isolation_level="AUTOCOMMIT")
            if not self._is_prepared(reader):
                with self.writing():
                    # It makes the tables, which is all that is wanted.
                    pass
            yield reader

    @property
    def place(self) -> str:
        """Where it is, for people, without a password."""
        return str(self.file or self.url)

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for another database."""
        return Path(self.url.database) if self.url.drivername == "sqlite" and self.url.database else None

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            if self.file:
                self.file.parent.mkdir(parents=True, exist_ok=True)
            with _engine(self.url, schema_of(self.zone)).connect() as connection:
                yield connection
        except DatabaseError as error:
            if is_locked(error):
                raise JournalLocked(place=self.place, waited=BUSY_SECONDS) from error
            raise JournalUnusable(place=self.place, cause=str(error.orig)) from error
        except ModuleNotFoundError as error:
            raise JournalUnusable(place=self.place, cause=without_driver(error)) from error
        except SQLAlchemyError as error:
            raise JournalUnusable(place=self.place, cause=str(error)) from error

    def _is_prepared(self, connection: Connection) -> bool:
        if not connection.dialect.has_table(connection, facts.name):
            return False
        return _identity(self.zone) == read_facts(connection, *_identity(self.zone))

    def _prepare(self, connection: Connection) -> None:
        """Make the tables; begin anew in those of another version, or of another zone."""
        if self._is_prepared(connection):
            return
        if self.file is None:
            connection.execute(CreateSchema(schema_of(self.zone), if_not_exists=True))
        metadata.create_all(connection)
        if not read_facts(connection, *_identity(self.zone)):
            write_facts(connection, _identity(self.zone))
        elif not self._is_prepared(connection):
            metadata.drop_all(connection)
            metadata.create_all(connection)
            write_facts(connection, _identity(self.zone))


@lru_cache(maxsize=8)
def _engine(url: URL, schema: str) -> Engine:
    """Opens a connection for each use; what SQLAlchemy has compiled is kept."""
    if url.drivername != "sqlite":
        return postgres_engine(url, schema, wait_seconds=BUSY_SECONDS)
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def read_facts(connection: Connection, *names: str) -> dict[str, Any]:
    """Those of `names` that were written."""
    found = connection.execute(select(facts).where(facts.c.name.in_(names)))
    return {name: json.loads(value) for name, value in found}


def write_facts(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(delete(facts).where(facts.c.name.in_(list(values))))
    rows = [{"name": name, "value": json.dumps(value)} for name, value in values.items()]
    connection.execute(insert(facts), rows)


def counted(connection: Connection, name: str) -> int:
    """What `count_up` has come to."""
    return int(read_facts(connection, name).get(name, 0))


def count_up(connection: Connection, name: str, by: int = 1) -> int:
    """Add to a fact that is a number, and return the sum."""
    now = counted(connection, name) + by
    if connection.execute(update(facts).where(facts.c.name == name).values(value=str(now))).rowcount == 0:
        connection.execute(insert(facts).values(name=name, value=str(now)))
    return now


def _identity(zone: Zone) -> dict[str, str]:
    return {"schema": SCHEMA_VERSION, "bucket": zone.bucket, "prefix": zone.prefix}


def _sqlalchemy_url(url: str, root: Path) -> Any:
    if "://" not in url:
        return make_url(f"sqlite:///{root / url}")
    try:
        found = make_url(url)
    except (ArgumentError, ValueError) as error:
        # Its text has the whole address in it, a password too.
        raise JournalUnusable(place=f"{url.partition('://')[0]}://…", cause="it is no address") from error
    return found.set(drivername="postgresql+psycopg") if found.drivername == "postgresql" else found


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # The driver's own begin comes too late: at the first write, when what was read may be old already.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # A power cut may cost the newest transactions, which the next listing finds again.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # SQLAlchemy tells of a begin for readers too, which are in no transaction.
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
