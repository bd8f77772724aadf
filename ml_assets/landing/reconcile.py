"""One pass over all that lies in the landing zone, in as many ticks as it takes: what makes landing complete.

The zone is cut into ranges of keys, which are listed side by side. Each page is compared with what the
journal knows between its first and its last key, and the place is written down with what was found: a pass
that is killed goes on where it was, with never more than a page of each range in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from ml_assets.landing.journal.absorb import Absorbed, Absorber, Held
from ml_assets.landing.journal.store import Journal, counted, read_facts, write_facts
from ml_assets.landing.journal.tables import objects, ranges
from ml_assets.landing.objects import DeletedObject, LandedObject

if TYPE_CHECKING:
    from ml_assets.landing.completeness import Completeness
    from ml_assets.landing.listing import Lister, Page

DEEPEST_CUT = 3
AFTER_EVERYTHING = "\U0010ffff"
_FACTS = ("pass_begun", "pass_listed", "pass_new", "pass_missing", "pass_ended")


@dataclass(frozen=True, slots=True)
class Range:
    """The keys after `position`, up to `end` (None: all that follow)."""

    number: int
    position: str
    end: str | None = None

    def holds(self, key: str) -> bool:
        return self.end is None or key <= self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one pass found so far: `new` generations, and `missing` ones, that the journal did not know of."""

    begun: datetime
    listed: int = 0
    new: int = 0
    missing: int = 0
    ended: datetime | None = None


@dataclass(kw_only=True)
class Reconciler:
    """Needs the lease. `until` is when to stop, on the clock of `time.monotonic`; None for never."""

    lister: Lister
    journal: Journal
    rules: Completeness
    parallel: int = 1
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def run(self, until: float | None = None) -> Pass:
        """Go on with the pass that is under way, or begin one; its `ended` is set when it is through.

        Raises what `Lister.page` raises; what was found before is kept.
        """
        with self.journal.reading() as connection:
            left = _ranges_left(connection)
        if not left:
            left = self._begin()
        with ThreadPoolExecutor(self.parallel, thread_name_prefix="list") as pool:
            self._list(pool, left, until)
        with self.journal.writing() as connection:
            return self._end(connection)

    def _list(self, pool: ThreadPoolExecutor, left: Sequence[Range], until: float | None) -> None:
        todo = list(reversed(left))
        asked: dict[Future[tuple[int, Page]], Range] = {}
        # A page at least: a pass has to come to its end in however short ticks.
        while todo or asked:
            while todo and len(asked) < self.parallel:
                each = todo.pop()
                asked[pool.submit(self._ask, each)] = each
            done, _ = wait(asked, return_when=FIRST_COMPLETED)
            for future in done:
                rest = self._compare(asked.pop(future), *future.result())
                todo += [rest] if rest else []
            if until is not None and time.monotonic() > until:
                return

    def _ask(self, each: Range) -> tuple[int, Page]:
        # Before the request, for what is observed while it is on its way may be newer than its answer.
        with self.journal.reading() as connection:
            asked_at = counted(connection, "seq")
        return asked_at, self.lister.page(after=each.position)

    def _begin(self) -> list[Range]:
        cut = list(_cut(self._boundaries()))
        with self.journal.writing() as connection:
            connection.execute(delete(ranges))
            rows = [{"number": each.number, "position": each.position, "end": each.end} for each in cut]
            connection.execute(insert(ranges), [{**row, "done": 0} for row in rows])
            begun = self.clock().timestamp()
            write_facts(connection, {**dict.fromkeys(_FACTS, 0), "pass_begun": begun})
        return cut

    def _boundaries(self) -> list[str]:
        """Keys that cut the zone into about as many ranges as are listed side by side."""
        if self.parallel == 1 or not self.lister.page().more:
            return []
        folders: tuple[str, ...] = (self.lister.prefix,)
        for _ in range(DEEPEST_CUT):
            found = [inner for folder in folders[: self.parallel] for inner in self.lister.folders(folder)]
            if not found:
                break
            folders = tuple(found)
            if len(folders) >= self.parallel:
                break
        step = max(1, len(folders) // self.parallel)
        return sorted(folders)[step::step]

    def _compare(self, each: Range, asked_at: int, page: Page) -> Range | None:
        """Write down what the page tells; what is left of the range, if anything."""
        listed = [found for found in page.objects if each.holds(found.key)]
        ends = not page.more or page.last is None or not each.holds(page.last)
        last = each.end if ends else page.last
        with self.journal.writing() as connection:
            known = _between(connection, each.position, last)
            absorbed, missing = self._absorb(connection, listed, known, asked_at)
            self._count(connection, listed, absorbed, missing)
            place = {"position": last or AFTER_EVERYTHING, "done": int(ends)}
            connection.execute(update(ranges).where(ranges.c.number == each.number).values(place))
        return None if ends or last is None else replace(each, position=last)

    def _absorb(
        self,
        connection: Connection,
        listed: Sequence[LandedObject],
        known: Held,
        asked_at: int,
    ) -> tuple[Absorbed, int]:
        there = {each.key for each in listed}
        absorber = Absorber(
            connection=connection, rules=self.rules, channel="listing", now=self.clock(), asked_at=asked_at
        )
        bucket = self.lister.bucket
        gone = [
            DeletedObject(bucket, key, self.clock())
            for key, row in known.items()
            if key not in there and not row["deleted"]
        ]
        absorbed = absorber.absorb_beside([*listed, *gone], known)
        return absorbed, sum(isinstance(each, DeletedObject) for each in absorbed.news)

    def _count(
        self, connection: Connection, listed: Sequence[LandedObject], absorbed: Absorbed, missing: int
    ) -> None:
        before = read_facts(connection, *_FACTS)
        more = {"pass_listed": len(listed), "pass_new": len(absorbed.news) - missing, "pass_missing": missing}
        write_facts(connection, {name: before.get(name, 0) + by for name, by in more.items()})

    def _end(self, connection: Connection) -> Pass:
        if not _ranges_left(connection) and not read_facts(connection, "pass_ended").get("pass_ended"):
            write_facts(connection, {"pass_ended": self.clock().timestamp()})
        return newest_pass(connection)


def newest_pass(connection: Connection) -> Pass:
    """The pass that is under way, or the newest that ended."""
    known = read_facts(connection, *_FACTS)
    ended = known.get("pass_ended")
    return Pass(
        begun=datetime.fromtimestamp(known.get("pass_begun", 0), UTC),
        listed=known.get("pass_listed", 0),
        new=known.get("pass_new", 0),
        missing=known.get("pass_missing", 0),
        ended=datetime.fromtimestamp(ended, UTC) if ended else None,
    )


def _cut(boundaries: Sequence[str]) -> Iterator[Range]:
    starts = ["", *boundaries]
    for number, (start, end) in enumerate(zip(starts, [*boundaries, None], strict=True)):
        yield Range(number, start, end)


def _ranges_left(connection: Connection) -> list[Range]:
    found = connection.execute(select(ranges).where(ranges.c.done == 0).order_by(ranges.c.number))
    return [Range(row["number"], row["position"], row["end"]) for row in found.mappings()]


def _between(connection: Connection, after: str, last: str | None) -> Held:
    within: ColumnElement[bool] = objects.c.key > after
    if last is not None:
        within = and_(within, objects.c.key <= last)
    found = connection.execute(select(objects).where(within)).mappings()
    return {row["key"]: dict(row) for row in found}
