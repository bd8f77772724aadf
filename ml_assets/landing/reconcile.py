"""One pass over all that lies in the landing zone, in as many ticks as it takes: what makes landing complete.

The zone is cut into ranges of keys, which are listed side by side. Each page is compared with what the
journal knows between its first and its last key, and the place is written down with what was found: a pass
that is killed goes on where it was, with never more than a page of each range in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from ml_assets.landing.journal.absorb import Absorber
from ml_assets.landing.journal.pages import MAY_CHANGE, PageMark, count_between, recall, remember
from ml_assets.landing.journal.store import Journal, counted, read_facts, write_facts
from ml_assets.landing.journal.tables import objects, ranges
from ml_assets.landing.objects import DeletedObject

if TYPE_CHECKING:
    from ml_assets.landing.completeness import Completeness
    from ml_assets.landing.listing import Answer, Lister, Page, Row

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

    def after(self, page: Page | PageMark) -> Range | None:
        """What is left of it after this page of it, if anything."""
        ends = not page.more or page.last is None or not self.holds(page.last)
        return None if ends or page.last is None else replace(self, position=page.last)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A page of `range` that was asked for after observation number `at`."""

    range: Range
    at: int


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

        Raises what `Lister.ask` raises; what was found before is kept.
        """
        # Kept open throughout: whoever closes SQLite's last connection tidies up the file, each time anew.
        with self.journal.reading() as connection:
            left = _ranges_left(connection) or self._begin()
            with ThreadPoolExecutor(self.parallel, thread_name_prefix="list") as pool:
                self._list(pool, left, until, connection)
        with self.journal.writing() as connection:
            return self._end(connection)

    def _list(
        self, pool: ThreadPoolExecutor, left: Sequence[Range], until: float | None, reader: Connection
    ) -> None:
        todo = list(reversed(left))
        asked: dict[Future[Answer], _Asked] = {}

        def ask(each: Range) -> None:
            # Before the request, for what is observed while it is on its way may be newer than its answer.
            at = counted(reader, "seq")
            asked[pool.submit(self.lister.ask, after=each.position)] = _Asked(each, at)

        # A page at least: a pass has to come to its end in however short ticks.
        while todo or asked:
            while todo and len(asked) < self.parallel:
                ask(todo.pop())
            done, _ = wait(asked, return_when=FIRST_COMPLETED)
            is_over = until is not None and time.monotonic() > until
            for future in done:
                answered, answer = asked.pop(future), future.result()
                each = answered.range
                page = recall(reader, each.position, answer.digest, end=each.end) or answer.page()
                rest = each.after(page)
                if rest and not is_over:
                    # It is on its way while this one is compared.
                    ask(rest)
                if isinstance(page, PageMark):
                    self._pass_over(each, page, rest)
                else:
                    self._compare(answered, page, rest, answer.digest)
            if is_over:
                return

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
        if self.parallel == 1 or not self.lister.ask().page().more:
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

    def _pass_over(self, each: Range, mark: PageMark, rest: Range | None) -> None:
        """Write down that a page was as it is known to be."""
        with self.journal.writing() as connection:
            whole = each.end is None or mark.last <= each.end
            listed = mark.rows if whole else count_between(connection, each.position, each.end or mark.last)
            self._advance(connection, each, rest, listed)

    def _compare(self, asked: _Asked, page: Page, rest: Range | None, digest: str) -> None:
        """Write down what the page tells, and that `rest` is what is left of its range."""
        each = asked.range
        listed = [row for row in page.rows if each.holds(row.key)]
        last = rest.position if rest else each.end
        with self.journal.writing() as connection:
            odd = _odd(listed, _between(connection, each.position, last))
            if odd.listed or odd.gone:
                self._absorb(connection, odd, asked.at)
            elif page.rows and listed == list(page.rows):
                remember(connection, page.mark(each.position, digest))
            self._advance(connection, each, rest, len(listed))

    def _advance(self, connection: Connection, each: Range, rest: Range | None, listed: int) -> None:
        self._count(connection, {"pass_listed": listed})
        last = rest.position if rest else each.end
        place = {"position": last or AFTER_EVERYTHING, "done": int(rest is None)}
        connection.execute(update(ranges).where(ranges.c.number == each.number).values(place))

    def _absorb(self, connection: Connection, odd: _Odd, asked_at: int) -> None:
        bucket = self.lister.bucket
        absorber = Absorber(
            connection=connection, rules=self.rules, channel="listing", now=self.clock(), asked_at=asked_at
        )
        gone = [DeletedObject(bucket, key, self.clock()) for key in odd.gone]
        news = absorber.absorb([*(row.landed(bucket) for row in odd.listed), *gone]).news
        missing = sum(isinstance(each, DeletedObject) for each in news)
        self._count(connection, {"pass_new": len(news) - missing, "pass_missing": missing})

    def _count(self, connection: Connection, more: Mapping[str, int]) -> None:
        before = read_facts(connection, *more)
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


@dataclass(frozen=True, slots=True)
class _Odd:
    """What of a page is not as the journal has it, and what the journal has and the page has not."""

    listed: list[Row]
    gone: list[str]


def _odd(listed: Sequence[Row], known: Mapping[str, tuple[str, int] | None]) -> _Odd:
    there = {row.key for row in listed}
    return _Odd(
        listed=[row for row in listed if known.get(row.key) != (row.etag, row.size)],
        gone=[key for key in known if key not in there],
    )


def _between(connection: Connection, after: str, last: str | None) -> dict[str, tuple[str, int] | None]:
    """The generations of the keys that are there as far as is known; None for one that a listing may change.

    Few columns, since this is read of all objects in each pass, and nearly all are as they were.
    """
    wanted = select(objects.c.key, objects.c.etag, objects.c.size, objects.c.state)
    within: ColumnElement[bool] = and_(objects.c.key > after, objects.c.deleted == 0)
    if last is not None:
        within = and_(within, objects.c.key <= last)
    return {
        key: None if state in MAY_CHANGE else (etag, size)
        for key, etag, size, state in connection.execute(wanted.where(within)).tuples()
    }
