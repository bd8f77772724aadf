"""The records themselves: each is read, none is taken from a checkpoint, and every fault is told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from ml_assets.ledger import layout
from ml_assets.ledger.audit.findings import Finding
from ml_assets.ledger.checkpoint import unpack
from ml_assets.ledger.errors import CheckpointCorrupt, RecordCorrupt
from ml_assets.ledger.parsing import parse_record
from ml_assets.ledger.record import AnyRecord
from ml_assets.ledger.store import Ledger

AT_ONCE = 200


class ChainAudit:
    """Reads a whole ledger, in order; `findings` grow meanwhile.

    Raises LedgerUnreachable, and RecordTooNew for what a later version wrote.
    """

    def __init__(self, ledger: Ledger, *, on_read: Callable[[int], None] = lambda _: None) -> None:
        self.ledger = ledger
        self.findings: list[Finding] = []
        self.newest: AnyRecord | None = None
        self._on_read = on_read
        self._environments: set[str] = set()
        self._before: str | None = None
        """The digest of the bytes of the record before; None where there is none to compare with."""

    def records(self) -> Iterator[AnyRecord]:
        """Those that can be read, with their links compared."""
        place = self.ledger.place
        shards = layout.shards_among(place.folders(layout.RECORDS))
        self._tell_missing(shards)
        for shard in shards:
            names = place.names(layout.shard_folder(shard), after="")
            numbers = layout.numbers_among(names)
            last = layout.last_of(shard) if shard != shards[-1] else (numbers[-1] if numbers else 0)
            stored: list[bytes | None] = []
            for start in range(layout.first_of(shard), last + 1, AT_ONCE):
                chunk = range(start, min(start + AT_ONCE, last + 1))
                for number, data in zip(chunk, self._read(chunk), strict=True):
                    stored.append(data)
                    if (record := self._checked(number, data)) is not None:
                        yield record
                    self._on_read(number)
            if shard != shards[-1]:
                self._compare_checkpoint(shard, stored)

    def _tell_missing(self, shards: list[int]) -> None:
        for shard in set(range(max(shards, default=-1) + 1)) - set(shards):
            where = f"{self.ledger.url}/{layout.shard_folder(shard)}"
            self.findings.append(Finding("record", where, "the folder and all its records are missing"))

    def _read(self, numbers: range) -> list[bytes | None]:
        place = self.ledger.place
        with ThreadPoolExecutor(max(place.readers, 1)) as pool:
            return list(pool.map(lambda number: place.read(layout.record_path(number)), numbers))

    def _checked(self, number: int, data: bytes | None) -> AnyRecord | None:
        where, before = self.ledger.where(number), self._before
        self._before = None if data is None else hashlib.sha256(data).hexdigest()
        if data is None:
            self.findings.append(Finding("record", where, "it is missing", (number,)))
            return None
        try:
            record = parse_record(data, number=number, where=where)
        except RecordCorrupt as error:
            self.findings.append(Finding("record", where, error.cause, (number,)))
            return None
        if number == 1 or before is not None:
            self._compare_link(record, before)
        self._check_environment(record)
        self.newest = record
        return record

    def _compare_link(self, record: AnyRecord, before: str | None) -> None:
        if record.previous == before:
            return
        # Of the two, the one before was changed far more likely than the name of its digest after it.
        number = max(record.number - 1, 1)
        said = f"its digest is {before}, and record {record.number} names {record.previous}"
        if not any(number in each.records and each.what == "record" for each in self.findings):
            self.findings.append(Finding("record", self.ledger.where(number), said, (number,)))

    def _check_environment(self, record: AnyRecord) -> None:
        digest = record.environment.digest
        if digest in self._environments:
            return
        self._environments.add(digest)
        path = layout.environment_path(digest)
        data = self.ledger.place.read(path)
        # Only the process that made a record knows what its digest stands for, and older records kept none.
        if data is not None and hashlib.sha256(data).hexdigest() != digest:
            where = f"{self.ledger.url}/{path}"
            self.findings.append(Finding("environment", where, "its bytes were changed", (record.number,)))

    def _compare_checkpoint(self, shard: int, stored: list[bytes | None]) -> None:
        path = layout.checkpoint_path(shard)
        where = f"{self.ledger.url}/{path}"
        if (packed := self.ledger.place.read(path)) is None:
            return
        try:
            lines = unpack(packed, where=where)
        except CheckpointCorrupt as error:
            self.findings.append(Finding("checkpoint", where, error.cause))
            return
        if lines != stored:
            self.findings.append(Finding("checkpoint", where, "it holds other records than its shard"))
