"""Brings the index up to the ledger: each record is read once, by whichever process comes first."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from ml_assets.ledger.errors import ChainBroken
from ml_assets.ledger.index.database import Database, Position, move, position, wipe
from ml_assets.ledger.index.errors import IndexUnusable
from ml_assets.ledger.index.projectors import KINDS, project
from ml_assets.ledger.record import AnyRecord
from ml_assets.ledger.store import Ledger

AT_ONCE = 500
MANY = 2000
"""From here on a person is told that it takes a while."""

Tell = Callable[[str], None]


def open_index(ledger: Ledger, *, root: Path, tell: Tell = lambda _: None) -> Database:
    """The index of `ledger` among the caches of the project at `root`, with all that is appended.

    Raises what reading the ledger raises, ChainBroken when its records are not a chain, and IndexBusy.
    """
    database = Database.of(ledger.url, root=root, kinds=KINDS)
    try:
        catch_up(database, ledger, tell=tell)
    except IndexUnusable:
        # Torn by a power cut, or no index at all. A second failure has another cause than its content.
        database.delete()
        catch_up(database, ledger, tell=tell)
    return database


def catch_up(database: Database, ledger: Ledger, *, tell: Tell = lambda _: None) -> None:
    """Count in what was appended; what is written depends on the ledger alone."""
    # In this order: what another process appends and counts in meanwhile is no sign of another ledger.
    found = database.position()
    head = ledger.head()
    if head is not None and found == Position(head.number, head.digest):
        return
    if _is_of_another(found, head):
        _begin_anew(database, found)
        found = Position()
    if head is None:
        return
    if head.number - found.number > MANY:
        tell(f"Reading {head.number - found.number:,} records of the ledger into the index, once …")
    broken = _count_in(database, ledger, after=found)
    if broken is not None:
        # Either the ledger was replaced by a longer one, or its own links are wrong: from 1 on it shows.
        _begin_anew(database, broken)
        broken = _count_in(database, ledger, after=Position())
    if broken is not None:
        cause = f"its digest is {broken.digest}, and record {broken.number + 1} names another"
        raise ChainBroken(number=broken.number or 1, cause=cause)


def _is_of_another(found: Position, head: AnyRecord | None) -> bool:
    if head is None or head.number < found.number:
        return found.number > 0
    return head.number == found.number and head.digest != found.digest


def _begin_anew(database: Database, found: Position) -> None:
    with database.writing() as connection:
        # Another process may have begun anew already, and got on.
        if position(connection) == found:
            wipe(connection)


def _count_in(database: Database, ledger: Ledger, *, after: Position) -> Position | None:
    """The record whose digest the next one does not name, where there is one."""
    while True:
        records = ledger.records(after=after.number)
        while chunk := list(islice(records, AT_ONCE)):
            with database.writing() as connection:
                at = position(connection)
                if at.number + 1 < chunk[0].number:
                    break  # somebody began anew in between
                for record in chunk:
                    if record.number <= at.number:
                        continue
                    if record.previous != at.digest:
                        move(connection, at)
                        return at
                    project(connection, record)
                    at = Position(record.number, record.digest)
                move(connection, at)
        else:
            return None
        after = database.position()
