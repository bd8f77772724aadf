"""What PostgreSQL needs to promise of a journal what a SQLite file does."""

from __future__ import annotations

import hashlib

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from ml_assets.landing.journal.zone import Zone

LOCK_NOT_AVAILABLE = "55P03"
CONNECT_SECONDS = 10


def schema_of(zone: Zone) -> str:
    """The schema of a zone's tables: several projects may share one database."""
    return f"ml_assets_{hashlib.sha256(zone.url.encode()).hexdigest()[:12]}"


def postgres_engine(url: URL, schema: str, *, wait_seconds: float) -> Engine:
    """Every transaction that writes waits for the one before, as BEGIN IMMEDIATE does it in SQLite."""
    options = f"-c search_path={schema} -c lock_timeout={int(wait_seconds * 1000)}"
    engine = create_engine(
        url, poolclass=NullPool, connect_args={"options": options, "connect_timeout": CONNECT_SECONDS}
    )
    number = int.from_bytes(hashlib.sha256(f"write {schema}".encode()).digest()[:8], signed=True)

    def begin(connection: Connection) -> None:
        # SQLAlchemy tells of a begin for readers too, which are in no transaction.
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.execute(text("select pg_advisory_xact_lock(:number)"), {"number": number})

    event.listen(engine, "begin", begin)
    return engine


def is_locked(error: DatabaseError) -> bool:
    """Whether somebody else was writing for longer than we wait."""
    return getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE or "locked" in str(error.orig)


def without_driver(error: ModuleNotFoundError) -> str:
    return f"{error}; a journal in PostgreSQL needs `pip install 'ml_assets[postgres]'`"
