"""Which run record is meant by a number, `latest`, the hash of an output, or the digest of a record."""

from __future__ import annotations

from ml_assets.ledger.errors import NoSuchRun
from ml_assets.ledger.newest import newest_run
from ml_assets.ledger.record import RunRecord
from ml_assets.ledger.store import Ledger

LATEST = "latest"
DIGITS = 10


def find_run(ledger: Ledger, asked: str) -> RunRecord:
    """The newest run record that goes by `asked`.

    Raises:
        NoSuchRun, RecordMissing, and what reading the ledger raises.
    """
    if asked == LATEST:
        if (newest := newest_run(ledger)) is not None:
            return newest
        raise NoSuchRun(asked=asked, looked="the ledger has none yet")
    if asked.isdigit() and len(asked) <= DIGITS:
        record = ledger.get(int(asked))
        if isinstance(record, RunRecord):
            return record
        raise NoSuchRun(asked=asked, looked=f"record {asked} is of the kind '{record.kind}'")
    found = [record for record in ledger.records() if isinstance(record, RunRecord) and names(record, asked)]
    if not found:
        raise NoSuchRun(asked=asked, looked="looked among outputs and digests of all records")
    return found[-1]


def names(record: RunRecord, asked: str) -> bool:
    """Whether the hash `asked` is the record's digest, or of an output of it."""
    hashes = {each for out in record.outputs for each in (out.md5, out.md5.removesuffix(".dir"), out.sha256)}
    return asked == record.digest or asked in hashes
