"""Seals what is ready into batches, and ends them; a generation is in one open batch at most."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, RowMapping, Update, and_, delete, func, insert, or_, select, update

from ml_assets.landing.completeness import Completeness
from ml_assets.landing.journal.absorb import held_rows, in_open_batches
from ml_assets.landing.journal.states import DISCOVERED, DOUBTFUL, HELD, SEALED, VANISHED
from ml_assets.landing.journal.store import count_up, counted
from ml_assets.landing.journal.tables import batches, objects, sealed
from ml_assets.landing.objects import DeletedObject, LandedObject, Sighting

ID_LENGTH = 16
Row = Mapping[str, Any]
OPEN, DONE, GIVEN_UP = "open", "done", "given up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """`at_record` is the newest record of the ledger when it was sealed."""

    id: str
    sealed_at: datetime
    files: int
    bytes: int
    at_record: int
    state: str
    record: int | None = None

    @property
    def subject(self) -> str:
        """What the run keys of its runs begin with."""
        return f"batch-{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How many objects are held, and the first of them."""

    count: int
    key: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """When and how large: a batch is sealed when it is full, or its oldest object has waited long enough."""

    max_files: int
    max_bytes: int
    wait_seconds: float
    mirror: bool = False


def seal(
    connection: Connection, *, rules: Completeness, sealing: Sealing, bucket: str, now: datetime
) -> Batch | None:
    """Put what is ready into a new batch; None when nothing is, or not enough yet."""
    ready = _ready(connection, sealing, now=now.timestamp())
    chosen = list(_whole_groups(connection, ready, rules, sealing, now=now.timestamp()))
    if not chosen or not _is_due(chosen, sealing, now=now.timestamp()):
        return None
    id_ = _id_of(chosen, bucket=bucket, seq=count_up(connection, "seq"))
    batch = Batch(
        id=id_,
        sealed_at=now,
        files=len(chosen),
        bytes=sum(row["size"] for row in chosen),
        at_record=counted(connection, "up_to"),
        state=OPEN,
    )
    _write(connection, batch, chosen)
    return batch


def open_batches(connection: Connection) -> list[Batch]:
    """Those whose runs have not ended; the oldest first."""
    unended = select(batches).where(batches.c.state == OPEN).order_by(batches.c.sealed_at, batches.c.id)
    return [_batch(row) for row in connection.execute(unended).mappings()]


def find_batch(connection: Connection, id_: str) -> Batch | None:
    row = connection.execute(select(batches).where(batches.c.id == id_)).mappings().first()
    return _batch(row) if row else None


def generations_of(connection: Connection, batch: str, *, bucket: str) -> list[Sighting]:
    """What the batch holds, by key. Nothing once it has ended."""
    rows = connection.execute(select(sealed).where(sealed.c.batch == batch).order_by(sealed.c.key))
    return [_generation(row, bucket) for row in rows.mappings()]


def end(connection: Connection, batch: str, *, retry_at: datetime, max_attempts: int) -> None:
    """The batch's run has ended: what of it no record names is tried again at `retry_at`, in a later batch.

    What was tried `max_attempts` times is held until a person, or a new generation, releases it.
    """
    connection.execute(
        _in(batch, SEALED).values(state=DISCOVERED, due=retry_at.timestamp(), attempts=objects.c.attempts + 1)
    )
    spent = _in(batch, DISCOVERED).where(objects.c.attempts >= max_attempts)
    connection.execute(spent.values(state=HELD, reason=f"could not be read in {max_attempts} attempts"))
    _close(connection, batch, DONE)


def give_up(connection: Connection, batch: str, *, reason: str) -> None:
    """No run of the batch came so far as to make a record: what is in it is held."""
    connection.execute(_in(batch, SEALED).values(state=HELD, reason=reason))
    _close(connection, batch, GIVEN_UP)


def vanish(connection: Connection, batch: str, generations: Iterable[LandedObject]) -> None:
    """These of the batch were gone before they could be read."""
    for each in generations:
        this = and_(objects.c.key == each.key, objects.c.etag == each.etag)
        connection.execute(_in(batch, SEALED).where(this).values(state=VANISHED))


def resume(connection: Connection) -> None:
    """Try again now what is held, or was to be tried again later."""
    later = and_(objects.c.state == DISCOVERED, objects.c.attempts > 0)
    again = update(objects).where(or_(objects.c.state == HELD, later))
    connection.execute(again.values(state=DISCOVERED, due=0, attempts=0, reason=None))


def _in(batch: str, state: str) -> Update:
    keys = select(sealed.c.key).where(sealed.c.batch == batch)
    return update(objects).where(objects.c.key.in_(keys), objects.c.state == state)


def _close(connection: Connection, batch: str, state: str) -> None:
    connection.execute(delete(sealed).where(sealed.c.batch == batch))
    connection.execute(update(batches).where(batches.c.id == batch).values(state=state))


def _ready(connection: Connection, sealing: Sealing, *, now: float) -> Sequence[Row]:
    """The oldest that wait for nothing: one more than fit, so that it shows whether there are more.

    Deletions come last. Of a file that stays, its deletion upstream is told by the next record and is no
    reason for one; however many they are, they must not stand in the way of what landed.
    """
    found = connection.execute(
        select(objects)
        .where(objects.c.state == DISCOVERED, objects.c.due <= now)
        .where(objects.c.key.not_in(select(sealed.c.key)))
        .order_by(objects.c.deleted, objects.c.landed, objects.c.key)
        .limit(sealing.max_files + 1)
    )
    rows: list[Row] = [dict(row) for row in found.mappings()]
    return rows if sealing.mirror or any(not row["deleted"] for row in rows) else []


def _whole_groups(
    connection: Connection, ready: Sequence[Row], rules: Completeness, sealing: Sealing, *, now: float
) -> Iterator[Row]:
    """The ready ones with those that belong to them, while they fit; the first group may be larger."""
    others = _ready_companions(connection, ready, rules, now=now)
    taken: set[str] = set()
    size = 0
    for row in ready:
        if row["key"] in taken:
            continue
        group = [row, *(others[key] for key in rules.companions(row["key"]) if key in others)]
        size += sum(each["size"] for each in group)
        if taken and (len(taken) + len(group) > sealing.max_files or size > sealing.max_bytes):
            return
        taken |= {each["key"] for each in group}
        yield from group


def _ready_companions(
    connection: Connection, ready: Sequence[Row], rules: Completeness, *, now: float
) -> dict[str, Row]:
    wanted = {key for row in ready for key in rules.companions(row["key"])}
    found = held_rows(connection, wanted)
    busy = in_open_batches(connection, set(found))
    return {
        key: row
        for key, row in found.items()
        if row["state"] == DISCOVERED and row["due"] <= now and key not in busy
    }


def _is_due(chosen: Sequence[Row], sealing: Sealing, *, now: float) -> bool:
    full = len(chosen) >= sealing.max_files or sum(row["size"] for row in chosen) >= sealing.max_bytes
    oldest = min(row["landed"] for row in chosen)
    # One that is yet to come was noticed by a clock that was ahead.
    return full or oldest <= now - sealing.wait_seconds or oldest > now


def _write(connection: Connection, batch: Batch, chosen: Sequence[Row]) -> None:
    values = asdict(batch)
    connection.execute(insert(batches), [{**values, "sealed_at": batch.sealed_at.timestamp()}])
    names = ("key", "etag", "size", "version_id", "modified", "deleted")
    connection.execute(
        insert(sealed), [{"batch": batch.id, **{name: row[name] for name in names}} for row in chosen]
    )
    in_it = select(sealed.c.key).where(sealed.c.batch == batch.id)
    connection.execute(update(objects).where(objects.c.key.in_(in_it)).values(state=SEALED))


def _id_of(chosen: Collection[Row], *, bucket: str, seq: int) -> str:
    """Names these generations, sealed at this moment: the same ones, sealed again, are another batch."""
    names = sorted("\0".join([row["key"], row["etag"], str(row["size"])]) for row in chosen)
    return sha256("\n".join([bucket, str(seq), *names]).encode()).hexdigest()[:ID_LENGTH]


def _batch(row: RowMapping) -> Batch:
    sealed_at = datetime.fromtimestamp(row["sealed_at"], UTC)
    return Batch(**{**row, "sealed_at": sealed_at})


def _generation(row: RowMapping, bucket: str) -> Sighting:
    at = datetime.fromtimestamp(row["modified"], UTC)
    if row["deleted"]:
        return DeletedObject(bucket, row["key"], at, version_id=row["version_id"])
    return LandedObject(bucket, row["key"], row["etag"], row["size"], at, version_id=row["version_id"])


def counts(connection: Connection) -> dict[str, int]:
    """How many keys are in each state."""
    by_state = select(objects.c.state, func.count()).group_by(objects.c.state)
    return dict(connection.execute(by_state).tuples().all())


def unsealed(connection: Connection) -> int:
    """How many objects are in no batch yet."""
    landed = and_(objects.c.state == DISCOVERED, objects.c.deleted == 0)
    return connection.scalar(select(func.count()).select_from(objects).where(landed)) or 0


def doubtful(connection: Connection, *, at_most: int) -> list[str]:
    """Keys of which only the bucket can say what is newest."""
    keys = select(objects.c.key).where(objects.c.state == DOUBTFUL).order_by(objects.c.key)
    return list(connection.scalars(keys.limit(at_most)))


def first_held(connection: Connection) -> Held | None:
    """None when nothing is held."""
    held = select(objects.c.key, objects.c.reason).where(objects.c.state == HELD)
    found = connection.execute(held.order_by(objects.c.key).limit(1)).first()
    return found and Held(count=counts(connection)[HELD], key=found.key, reason=found.reason)
