"""The journal's tables, for SQLite and for PostgreSQL."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, Table, Text

from ml_assets.landing.journal.states import DISCOVERED, DOUBTFUL, HELD, QUARANTINED

SCHEMA_VERSION = "2"

metadata = MetaData()

# Keys are compared as S3 lists them: by their bytes in UTF-8.
_KEY = Text().with_variant(Text(collation="C"), "postgresql")

facts = Table(
    "facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# One row a key: its newest generation that was seen (`deleted`: that it is gone) and what is to be done with
# it; the generation that the newest `record` named, and what became of that; and which one is in raw.
# `seq` grows with each observation, so that clocks decide nothing.
objects = Table(
    "objects",
    metadata,
    Column("key", _KEY, primary_key=True),
    Column("etag", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("version_id", Text),
    Column("sequencer", Text),
    Column("deleted", Integer, nullable=False),
    Column("modified", Float, nullable=False),
    Column("landed", Float, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text),
    Column("record", Integer, nullable=False),
    Column("named_etag", Text),
    Column("named_size", BigInteger),
    Column("named_state", Text),
    Column("raw_etag", Text),
    Column("raw_size", BigInteger),
    sqlite_with_rowid=False,
)
_todo = objects.c.state == DISCOVERED
Index("objects_todo", objects.c.landed, sqlite_where=_todo, postgresql_where=_todo)
_odd = objects.c.state.in_([DOUBTFUL, HELD, QUARANTINED])
Index("objects_odd", objects.c.state, objects.c.key, sqlite_where=_odd, postgresql_where=_odd)

# The generations of each batch that has not ended, as they were when it was sealed.
sealed = Table(
    "sealed",
    metadata,
    Column("key", _KEY, primary_key=True),
    Column("batch", Text, nullable=False, index=True),
    Column("etag", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("version_id", Text),
    Column("modified", Float, nullable=False),
    Column("deleted", Integer, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sealed_at", Float, nullable=False),
    Column("files", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    # The newest record when it was sealed: what came later may have overtaken it.
    Column("at_record", Integer, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("record", Integer),
)

# Where the listing pass stands, in each of the ranges of keys that it is cut into.
ranges = Table(
    "ranges",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("position", _KEY, nullable=False),
    Column("end", _KEY),
    Column("done", Integer, nullable=False),
)

# Pages of the listing, by the key before them, that held what the journal did at observation `seq`.
pages = Table(
    "pages",
    metadata,
    Column("position", _KEY, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("last", _KEY, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("more", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
)

poison = Table(
    "poison",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("received", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", Text, nullable=False),
)

# What records said of raw: by its content, and by the Dagster run that took it in.
contents = Table(
    "contents",
    metadata,
    Column("content", Text, primary_key=True),
    Column("record", Integer, nullable=False),
)
intakes = Table(
    "intakes",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("record", Integer, nullable=False),
)
