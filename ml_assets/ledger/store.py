"""The ledger itself: reads records, and appends one whole or not at all."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ml_assets.ledger.chain import check_numbers
from ml_assets.ledger.disk import Disk
from ml_assets.ledger.errors import AppendContended, LedgerUnreachable, RecordMissing
from ml_assets.ledger.place import Place

# The models of records are loaded by who reads one: a code location opens a ledger and reads none.
if TYPE_CHECKING:
    from ml_assets.ledger.record import AnyRecord, Draft, Record

RECORDS = "records"
ATTEMPTS = 200
READ_AHEAD = 128
_NAME = re.compile(r"\d{10}\.json")


class Ledger:
    """The records below one address, numbered from 1 without a gap."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._newest = 0

    @classmethod
    def open(cls, url: str, *, root: Path) -> Ledger:
        """The ledger at `url`: a folder (relative to `root`), file://…, s3://…, gs://… or az://….

        Nothing is read or made yet. Raises LedgerLocationUnknown and PlainHttpRefused.
        """
        if "://" not in url:
            return cls(Disk(root / url / RECORDS))
        if url.startswith("file://"):
            # It brings a whole HTTP client with it.
            from urllib.request import url2pathname

            return cls(Disk(Path(url2pathname(urlsplit(url).path)) / RECORDS))
        from ml_assets.ledger.bucket import open_bucket

        return cls(open_bucket(url, prefix=RECORDS))

    @property
    def url(self) -> str:
        """Where the records are, for people."""
        return self._place.url

    def head(self) -> AnyRecord | None:
        """The newest record; None when nothing was appended yet.

        Raises ChainBroken when a number is missing, RecordCorrupt, RecordTooNew, LedgerUnreachable.
        """
        found = self._numbers(after=self._newest)
        self._newest = found[-1] if found else self._newest
        return self.get(self._newest) if self._newest else None

    def get(self, number: int) -> AnyRecord:
        """Record `number`. Raises RecordMissing, RecordCorrupt, RecordTooNew, LedgerUnreachable."""
        from ml_assets.ledger.record import parse_record

        name = _name(number)
        where = f"{self.url}/{name}"
        data = self._place.read(name)
        if data is None:
            raise RecordMissing(number=number, where=where)
        return parse_record(data, number=number, where=where)

    def records(self, after: int = 0) -> Iterator[AnyRecord]:
        """The records after number `after`, in order. Their links are not compared: see `chain.verify`."""
        numbers = self._numbers(after=after)
        for start in range(0, len(numbers), READ_AHEAD):
            yield from self._read(numbers[start : start + READ_AHEAD])

    def append(self, draft: Callable[[Record | None], Draft | None]) -> AnyRecord | None:
        """Append what `draft` makes of the newest record, or nothing when it returns None.

        When another writer was faster, `draft` is called again with that writer's record. Raises
        AppendContended when that never ends, and what `head` raises.
        """
        for attempt in range(ATTEMPTS):
            head = self.head()
            drafted = draft(head)
            if drafted is None:
                return None
            record = drafted.numbered(
                number=head.number + 1 if head else 1, previous=head.digest if head else None
            )
            if self._put(record):
                return record
            time.sleep(random.uniform(0, 0.002 * min(attempt, 50)))  # noqa: S311 (not a secret)
        raise AppendContended(url=self.url, attempts=ATTEMPTS)

    def _put(self, record: AnyRecord) -> bool:
        name, data = _name(record.number), record.canonical()
        try:
            if self._place.create(name, data):
                return True
        except LedgerUnreachable:
            # The put may have arrived and only its answer been lost; the record's id tells ours.
            if self._place.read(name) == data:
                return True
            raise
        # A client that repeats a put whose answer was lost is told that the name is taken: by itself.
        return self._place.read(name) == data

    def _numbers(self, *, after: int) -> list[int]:
        names = self._place.names(after=_name(after) if after else "")
        numbers = sorted(int(name[:10]) for name in names if _NAME.fullmatch(name))
        check_numbers(numbers, after=after)
        return numbers

    def _read(self, numbers: Sequence[int]) -> Iterator[AnyRecord]:
        if len(numbers) == 1 or self._place.readers == 1:
            yield from map(self.get, numbers)
            return
        with ThreadPoolExecutor(self._place.readers) as pool:
            yield from pool.map(self.get, numbers)


def _name(number: int) -> str:
    return f"{number:010}.json"
