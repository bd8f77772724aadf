"""Pages of the listing that were found as the journal had them: those that come again need no second look.

A page comes again as long as nothing before it in its range, and nothing in it, was put or deleted: in a
bucket that grows at its end that is nearly every page of every pass.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, insert, select, true

from ml_assets.landing.journal.states import DOUBTFUL, VANISHED
from ml_assets.landing.journal.store import counted
from ml_assets.landing.journal.tables import objects, pages

# States in which a generation that is known already is news when it is listed.
MAY_CHANGE = (DOUBTFUL, VANISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMark:
    """A page: the key before it (`position`), its last one, how many objects it has, and their digest."""

    position: str
    digest: str
    last: str
    rows: int
    more: bool


def remember(connection: Connection, mark: PageMark) -> None:
    """Note that the journal holds just what this page says. In the transaction that has found it."""
    within = and_(pages.c.position >= mark.position, pages.c.position < mark.last)
    connection.execute(delete(pages).where(within))
    row = {"position": mark.position, "digest": mark.digest, "last": mark.last, "rows": mark.rows}
    connection.execute(insert(pages), [{**row, "more": int(mark.more), "seq": counted(connection, "seq")}])


def recall(connection: Connection, position: str, digest: str, *, end: str | None) -> PageMark | None:
    """The page, if it was the same, and no observation has touched its keys in the journal since then.

    The last page also says that nothing comes after it, up to the `end` of what is listed.
    """
    found = connection.execute(select(pages).where(pages.c.position == position)).mappings().first()
    if found is None or found["digest"] != digest:
        return None
    odd = func.sum(case((objects.c.state.in_(MAY_CHANGE), 1), else_=0))
    covered = _between(position, found["last"] if found["more"] else end)
    held = select(func.max(objects.c.seq), odd).where(covered)
    newest, may_change = connection.execute(held).one()
    if newest is None or newest > found["seq"] or may_change:
        return None
    return PageMark(
        position=position, digest=digest, last=found["last"], rows=found["rows"], more=bool(found["more"])
    )


def count_between(connection: Connection, after: str, last: str) -> int:
    """How many objects there are after that key, up to this one."""
    held = select(func.count()).select_from(objects).where(_between(after, last), objects.c.deleted == 0)
    return connection.scalar(held) or 0


def _between(after: str, last: str | None) -> ColumnElement[bool]:
    return and_(objects.c.key > after, true() if last is None else objects.c.key <= last)
