"""The ledger itself: reads records, and appends one whole or not at all."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from ml_assets.ledger import layout
from ml_assets.ledger.chain import check_numbers
from ml_assets.ledger.checkpoint import pack, unpack
from ml_assets.ledger.disk import Disk
from ml_assets.ledger.errors import (
    AppendContended,
    ChainBroken,
    CheckpointCorrupt,
    LedgerUnreachable,
    RecordMissing,
)
from ml_assets.ledger.place import Place

# The models of records are loaded by who reads one: a code location opens a ledger and reads none.
if TYPE_CHECKING:
    from ml_assets.ledger.record import AnyRecord, Draft, Record

Found = TypeVar("Found")

ATTEMPTS = 200
READ_AHEAD = 128
LOOK_FOR_CHECKPOINT = 100
"""A writer that was killed before it wrote the checkpoint of a full shard leaves it to one of these."""


class Ledger:
    """The records below one address, numbered from 1 without a gap."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._newest = 0
        self._environments: set[str] = set()

    @classmethod
    def open(cls, url: str, *, root: Path) -> Ledger:
        """The ledger at `url`: a folder (relative to `root`), file://…, s3://…, gs://… or az://….

        Nothing is read or made yet. Raises LedgerLocationUnknown and PlainHttpRefused.
        """
        if "://" not in url:
            return cls(Disk(root / url))
        if url.startswith("file://"):
            # It brings a whole HTTP client with it.
            from urllib.request import url2pathname

            return cls(Disk(Path(url2pathname(urlsplit(url).path))))
        from ml_assets.ledger.bucket import open_bucket

        return cls(open_bucket(url))

    @property
    def url(self) -> str:
        """Where it is, for people."""
        return self.place.url

    def head(self) -> AnyRecord | None:
        """The newest record; None when nothing was appended yet.

        Raises ChainBroken when a number near it is missing, RecordCorrupt, RecordTooNew, LedgerUnreachable.
        """
        self._newest = self._newest_number()
        return self.get(self._newest) if self._newest else None

    def get(self, number: int) -> AnyRecord:
        """Record `number`. Raises RecordMissing, RecordCorrupt, RecordTooNew, LedgerUnreachable."""
        from ml_assets.ledger.parsing import parse_record

        return parse_record(self.stored(number), number=number, where=self.where(number))

    def stored(self, number: int) -> bytes:
        """The bytes of record `number`. Raises RecordMissing, LedgerUnreachable."""
        data = self.place.read(layout.record_path(number))
        if data is None:
            raise RecordMissing(number=number, where=self.where(number))
        return data

    def where(self, number: int) -> str:
        """Where record `number` is, for people."""
        return f"{self.url}/{layout.record_path(number)}"

    def records(self, after: int = 0) -> Iterator[AnyRecord]:
        """The records after number `after`, in order. Their links are not compared: see `chain.verify`.

        Of a full shard its checkpoint is read, where there is one. Raises what `head` raises, and
        CheckpointCorrupt.
        """
        shards = self._shards()
        for shard in shards:
            if layout.last_of(shard) <= after:
                continue
            full = shard != shards[-1]
            yield from self._records_in(shard, after=max(after, layout.first_of(shard) - 1), full=full)

    def append(self, draft: Callable[[Record | None], Draft | None]) -> AnyRecord | None:
        """Append what `draft` makes of the newest record, or nothing when it returns None.

        When another writer was faster, `draft` is called again with that writer's record. Secrets are taken
        out first, and said. Raises AppendContended when that never ends, and what `head` raises.
        """
        from ml_assets.ledger.secrets import without_secrets

        for attempt in range(ATTEMPTS):
            head = self.head()
            drafted = draft(head)
            if drafted is None:
                return None
            clean = without_secrets(drafted, os.environ)
            self._keep_environment(clean)
            record = clean.numbered(
                number=head.number + 1 if head else 1, previous=head.digest if head else None
            )
            if self._put(record):
                self._keep_checkpoint(record.number)
                return record
            time.sleep(random.uniform(0, 0.002 * min(attempt, 50)))  # noqa: S311 (not a secret)
        raise AppendContended(url=self.url, attempts=ATTEMPTS)

    def numbers(self, shard: int, *, after: int = 0) -> list[int]:
        """The numbers in a shard after `after`. Raises ChainBroken at a gap, LedgerUnreachable."""
        start = max(after, layout.first_of(shard) - 1)
        name = layout.record_name(start) if after else ""
        found = layout.numbers_among(self.place.names(layout.shard_folder(shard), after=name))
        check_numbers(found, after=start)
        return found

    def _newest_number(self) -> int:
        newest = self._newest
        if newest:
            shard = layout.shard_of(newest + 1)
        else:
            shards = self._shards()
            shard = shards[-1] if shards else 0
            newest = layout.first_of(shard) - 1
        while found := self.numbers(shard, after=newest):
            newest = found[-1]
            if newest != layout.last_of(shard):
                break
            shard += 1
        return newest

    def _shards(self) -> list[int]:
        """All of them but the last are full, and that may be empty: its first writer was killed on the way.

        Raises ChainBroken when one is missing.
        """
        found = layout.shards_among(self.place.folders(layout.RECORDS))
        for expected, shard in enumerate(found):
            if shard != expected:
                cause = f"it is missing; the next one found is in {layout.shard_folder(shard)}"
                raise ChainBroken(number=layout.first_of(expected), cause=cause)
        return found

    def _records_in(self, shard: int, *, after: int, full: bool) -> Iterator[AnyRecord]:
        if full and (packed := self._checkpoint(shard)) is not None:
            yield from self._unpacked(packed, shard, after=after)
            return
        numbers = self.numbers(shard, after=after)
        if full and (numbers[-1] if numbers else after) != layout.last_of(shard):
            missing = numbers[-1] + 1 if numbers else after + 1
            raise ChainBroken(number=missing, cause="it is missing; there are later ones")
        for start in range(0, len(numbers), READ_AHEAD):
            yield from self._read(self.get, numbers[start : start + READ_AHEAD])

    def _checkpoint(self, shard: int) -> bytes | None:
        return self.place.read(layout.checkpoint_path(shard))

    def _unpacked(self, packed: bytes, shard: int, *, after: int) -> Iterator[AnyRecord]:
        from ml_assets.ledger.parsing import parse_record

        where = f"{self.url}/{layout.checkpoint_path(shard)}"
        lines = unpack(packed, where=where)
        first, last = layout.first_of(shard), layout.last_of(shard)
        if len(lines) != last - first + 1:
            cause = f"it holds {len(lines)} records instead of {last - first + 1}"
            raise CheckpointCorrupt(where=where, cause=cause)
        for number, line in enumerate(lines, start=first):
            if number > after:
                yield parse_record(line, number=number, where=where)

    def _keep_checkpoint(self, number: int) -> None:
        shard = layout.shard_of(number) - 1
        if number % LOOK_FOR_CHECKPOINT or shard < 0:
            return
        path = layout.checkpoint_path(shard)
        if path.rpartition("/")[2] in self.place.names(layout.CHECKPOINTS, after=""):
            return
        self.place.create(path, pack(list(self._read(self.stored, self.numbers(shard)))))

    def _keep_environment(self, draft: Draft) -> None:
        """What `environment.digest` is the digest of, where it is this process's own."""
        from ml_assets.dvc.environment import installed_lines

        digest = draft.environment.digest
        if digest in self._environments:
            return
        lines, own = installed_lines()
        if own == digest:
            self.place.create(layout.environment_path(digest), lines)
        self._environments.add(digest)

    def _put(self, record: AnyRecord) -> bool:
        path, data = layout.record_path(record.number), record.canonical()
        try:
            if self.place.create(path, data):
                return True
        except LedgerUnreachable:
            # The put may have arrived and only its answer been lost; the record's id tells ours.
            if self.place.read(path) == data:
                return True
            raise
        # A client that repeats a put whose answer was lost is told that the name is taken: by itself.
        return self.place.read(path) == data

    def _read(self, read: Callable[[int], Found], numbers: Sequence[int]) -> Iterator[Found]:
        if len(numbers) == 1 or self.place.readers == 1:
            yield from map(read, numbers)
            return
        with ThreadPoolExecutor(self.place.readers) as pool:
            yield from pool.map(read, numbers)
