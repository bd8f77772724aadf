"""Brings the journal up to what the ledger says: which generations are in raw, refused, or were gone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from ml_assets.landing.journal.absorb import held_rows
from ml_assets.landing.journal.batches import find_batch
from ml_assets.landing.journal.states import COMMITTED, DOUBTFUL, GONE, QUARANTINED, VANISHED
from ml_assets.landing.journal.store import count_up
from ml_assets.landing.journal.tables import batches, contents, intakes, objects
from ml_assets.landing.journal.zone import Zone
from ml_assets.ledger.record import GoneUpstream, IntakeRecord, Landed, Quarantined

Named = Landed | Quarantined | GoneUpstream
# What a record has decided. A row in another state was seen since, and waits for its own record.
DECIDED = {COMMITTED, QUARANTINED, VANISHED, GONE}


def write_intake(connection: Connection, record: IntakeRecord, *, zone: Zone, content: str | None) -> None:
    """Count in one intake; `content` is what its .dvc file of raw names."""
    named: list[Named] = [*record.landed, *record.quarantined, *record.gone]
    here = [each for each in named if each.bucket == zone.bucket and each.key.startswith(zone.prefix)]
    foreign = find_batch(connection, record.batch or "") is None
    _write_generations(connection, here, record, foreign=foreign)
    if record.batch and not foreign:
        done = update(batches).where(batches.c.id == record.batch)
        connection.execute(done.values(record=record.number))
    if content is not None:
        _replace(connection, contents, {"content": content}, record.number)
    if record.dagster is not None:
        _replace(connection, intakes, {"run_id": record.dagster.run_id}, record.number)


def _write_generations(
    connection: Connection, named: Iterable[Named], record: IntakeRecord, *, foreign: bool
) -> None:
    by_key = {each.key: each for each in named}
    rows = held_rows(connection, by_key)
    # A listing that is on its way was asked for before this, and knows nothing of it.
    seq = count_up(connection, "seq")
    new = [{**_decided(each, None, record), "seq": seq} for key, each in by_key.items() if key not in rows]
    if new:
        connection.execute(insert(objects), new)
    for key, row in rows.items():
        values = _decided(by_key[key], row, record)
        if foreign and "state" not in values:
            values["state"] = DOUBTFUL
        if "state" in values and not _is_that(row, by_key[key]):
            values["seq"] = seq
        connection.execute(update(objects).where(objects.c.key == key).values(values))


def _decided(each: Named, row: Any, record: IntakeRecord) -> dict[str, Any]:
    """The row of a key after a record that names it."""
    in_raw = {**_in_raw(each, row), **_named(each, row)}
    if row is not None and row["state"] not in DECIDED and not _is_that(row, each):
        # What was seen after this batch was sealed. Of a batch of another journal nobody knows when that was.
        return {**in_raw, "record": record.number}
    at = record.time.timestamp() if row is None else row["landed"]
    values: dict[str, Any] = {
        "etag": "" if _is_gone(each) else each.etag,
        "size": 0 if _is_gone(each) else each.size,
        "version_id": each.version_id,
        "deleted": int(_is_gone(each)),
        "state": _state(each),
        "reason": each.reason if isinstance(each, Quarantined) else None,
        "record": record.number,
        **in_raw,
    }
    if row is None:
        values |= {"key": each.key, "modified": at, "landed": at, "channel": "ledger", "due": at}
        values |= {"sequencer": None, "attempts": 0}
    elif not _is_that(row, each):
        values["sequencer"] = None
    return values


def _in_raw(each: Named, row: Any) -> dict[str, Any]:
    if isinstance(each, Landed):
        return {"raw_etag": each.etag, "raw_size": each.size}
    if isinstance(each, GoneUpstream) and each.removed:
        return {"raw_etag": None, "raw_size": None}
    return {"raw_etag": row and row["raw_etag"], "raw_size": row and row["raw_size"]}


def _named(each: Named, row: Any) -> dict[str, Any]:
    if isinstance(each, GoneUpstream):
        # What vanished before it was read has changed nothing.
        stays = row is not None and each.how == "vanished"
        return {name: row[name] if stays else None for name in ("named_etag", "named_size", "named_state")}
    return {"named_etag": each.etag, "named_size": each.size, "named_state": _state(each)}


def _is_gone(each: Named) -> bool:
    return isinstance(each, GoneUpstream) and each.how == "deleted"


def _is_that(row: Any, each: Named) -> bool:
    if _is_gone(each):
        return bool(row["deleted"])
    return not row["deleted"] and (row["etag"], row["size"]) == (each.etag, each.size)


def _state(each: Named) -> str:
    if isinstance(each, Landed):
        return COMMITTED
    if isinstance(each, Quarantined):
        return QUARANTINED
    return GONE if each.how == "deleted" else VANISHED


def _replace(connection: Connection, table: Any, key: dict[str, str], record: int) -> None:
    (name, value), *_ = key.items()
    connection.execute(delete(table).where(table.c[name] == value))
    connection.execute(insert(table), [{**key, "record": record}])


def record_of_content(connection: Connection, content: str) -> int | None:
    """The newest intake that left raw with this content."""
    return connection.scalar(select(contents.c.record).where(contents.c.content == content))


def intake_of_run(connection: Connection, run_id: str) -> int | None:
    """The newest intake record of a Dagster run."""
    return connection.scalar(select(intakes.c.record).where(intakes.c.run_id == run_id))
