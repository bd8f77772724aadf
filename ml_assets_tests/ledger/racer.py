"""A process that appends to a ledger as fast as it can; the tests start several.

Usage: racer.py LEDGER WRITER COUNT {append|overwrite}
"""

from __future__ import annotations

import sys
from pathlib import Path

from ml_assets.ledger.record import Draft, Record
from ml_assets.ledger.store import Ledger
from ml_assets_tests.ledger.drafts import intake


def append(ledger: Ledger, writer: str, count: int) -> None:
    for turn in range(count):

        def draft(_: Record | None, turn: int = turn) -> Draft:
            return intake(note=f"{writer}:{turn}")

        ledger.append(draft)


def overwrite(folder: Path, ledger: Ledger, writer: str, count: int) -> None:
    """The control: read the head, then a plain write of the next file."""
    for turn in range(count):
        head = ledger.head()
        number, previous = (head.number + 1, head.digest) if head else (1, None)
        record = intake(note=f"{writer}:{turn}").numbered(number=number, previous=previous)
        staged = folder / f".{writer}.tmp"
        staged.write_bytes(record.canonical())
        staged.replace(folder / f"{number:010}.json")


if __name__ == "__main__":
    where, name, many, how = sys.argv[1:]
    target = Ledger.open(where, root=Path.cwd())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    if how == "append":
        append(target, name, int(many))
    else:
        overwrite(Path(where) / "records" / "0000000", target, name, int(many))
