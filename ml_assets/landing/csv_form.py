"""Whether a file is a CSV table at all, to the line on which it stops being one."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from ml_assets.landing.errors import Rejected


def check_form(path: Path) -> list[str]:
    """The names in the header. Raises Rejected for a file that is empty, no UTF-8, ragged or without rows.

    A reader of tables fills short rows with nulls, so that a file that was cut would pass for a whole one.
    """
    if path.stat().st_size == 0:
        raise Rejected("the file is empty (0 bytes)")
    rows = _rows(path)
    _, header = next(rows, (1, []))
    _require_header(header)
    count = 0
    for line, row in rows:
        if len(row) != len(header):
            what = "is blank" if not row else f"has {len(row)} fields where the header has {len(header)}"
            raise Rejected(f"unreadable as CSV: line {line} {what}")
        count += 1
    if count == 0:
        raise Rejected("the file has a header and no rows")
    return header


def line_of_row(path: Path, index: int) -> int:
    """The line in the file on which row `index` (from 0, without the header) begins."""
    for number, (line, _) in enumerate(_rows(path)):
        if number == index + 1:
            return line
    raise IndexError(index)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins: a quoted field may hold line ends."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        begins = 1
        try:
            for row in reader:
                yield begins, row
                begins = reader.line_num + 1
        except UnicodeDecodeError as error:
            raise Rejected(f"unreadable as CSV: line {_first_undecodable(path)} is not UTF-8") from error
        except csv.Error as error:
            raise Rejected(f"unreadable as CSV: line {begins}: {error}") from error


def _require_header(header: list[str]) -> None:
    if not any(name.strip() for name in header):
        raise Rejected("unreadable as CSV: line 1 holds no column names")
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise Rejected(f"columns that are there twice: {', '.join(repeated)}")


def _first_undecodable(path: Path) -> int:
    # The reader decodes ahead in blocks, and so fails lines before the one at fault.
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1
