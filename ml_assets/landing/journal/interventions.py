"""What a person may decide about objects: try again, take in as they are, take in once more, leave out.

Each needs the lease, and names the keys by a prefix; a whole key is a prefix of itself.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Update, delete, select, update

from ml_assets.landing.journal.absorb import chunks
from ml_assets.landing.journal.states import COMMITTED, DISCOVERED, DOUBTFUL, HELD, IGNORED, QUARANTINED
from ml_assets.landing.journal.store import count_up
from ml_assets.landing.journal.tables import objects, poison

_AGAIN = {"state": DISCOVERED, "due": 0, "attempts": 0, "reason": None}


def retry(connection: Connection, prefix: str) -> int:
    """Take what is held or was refused into a coming batch; how many objects that are."""
    return _set(connection, _below(prefix).where(objects.c.state.in_([HELD, QUARANTINED])), **_AGAIN)


def release(connection: Connection, prefix: str) -> int:
    """Wait no longer for what belongs to these objects; how many they are."""
    return _set(connection, _below(prefix).where(objects.c.state == DISCOVERED), due=0)


def replay(connection: Connection, prefix: str, *, since: datetime) -> int:
    """Take in once more what landed `since` then; how many objects that are."""
    again = _below(prefix).where(objects.c.state == COMMITTED, objects.c.landed >= since.timestamp())
    return _set(connection, again.where(objects.c.deleted == 0), **_AGAIN)


def replay_keys(connection: Connection, keys: Collection[str]) -> set[str]:
    """Take these in, also once more; those of the keys that are there to be taken in, or are about to."""
    seq = count_up(connection, "seq")
    found: set[str] = set()
    for chunk in chunks(keys):
        named = objects.c.key.in_(chunk), objects.c.deleted == 0
        found |= set(connection.scalars(select(objects.c.key).where(*named)))
        ended = objects.c.state.in_([COMMITTED, HELD, QUARANTINED, IGNORED])
        connection.execute(update(objects).where(*named, ended).values(**_AGAIN, seq=seq))
    return found


def ignore(connection: Connection, prefix: str) -> int:
    """Leave these objects out, as long as their generation stays; how many they are."""
    open_ones = [DISCOVERED, DOUBTFUL, HELD, QUARANTINED]
    return _set(connection, _below(prefix).where(objects.c.state.in_(open_ones)), state=IGNORED)


def forget_poison(connection: Connection, ids: Collection[str]) -> None:
    """Keep these messages no longer."""
    for chunk in chunks(ids):
        connection.execute(delete(poison).where(poison.c.message_id.in_(chunk)))


def _below(prefix: str) -> Update:
    return update(objects).where(objects.c.key.startswith(prefix, autoescape=True))


def _set(connection: Connection, which: Update, **values: object) -> int:
    # A listing that is on its way was asked for before this.
    seq = count_up(connection, "seq")
    return connection.execute(which.values(**values, seq=seq)).rowcount
