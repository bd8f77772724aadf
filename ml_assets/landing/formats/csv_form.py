"""Whether a file is a CSV table at all, to the line on which it stops being one."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ml_assets.landing.errors import Rejected
from ml_assets.landing.formats.reading import LineEnd


@dataclass(frozen=True, slots=True)
class Form:
    """The names in the header, and how many rows there are below it."""

    header: list[str]
    rows: int


def check_form(path: Path, *, last_line_end: LineEnd) -> Form:
    """Raises Rejected for a file that is no UTF-8, ragged, cut or without rows.

    A reader of tables fills short rows with nulls, so that a file that was cut would pass for a whole one.
    """
    rows = rows_of(path)
    _, header = next(rows, (1, []))
    _require_header(header)
    count, last = 0, 1
    for line, row in rows:
        if len(row) != len(header):
            what = "is blank" if not row else f"has {len(row)} fields where the header has {len(header)}"
            raise _unreadable(f"line {line} {what}")
        count, last = count + 1, line
    if count == 0:
        raise Rejected("the file has a header and no rows: land it again, whole", cause="form")
    if last_line_end == "required" and not _ends_with_a_line(path):
        raise _unreadable(
            f"line {last} has no line end, so that its last field may be cut "
            '(`csv_last_line_end = "optional"` takes such files)'
        )
    return Form(header, count)


def line_of_row(path: Path, index: int) -> int:
    """The line in the file on which row `index` (from 0, without the header) begins."""
    for number, (line, _) in enumerate(rows_of(path)):
        if number == index + 1:
            return line
    raise IndexError(index)


def rows_of(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins: a quoted field may hold line ends."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        seen = _Seen(lines)
        reader = csv.reader(seen, strict=True)
        begins = 1
        try:
            for row in reader:
                if seen.last.endswith("\r"):
                    raise _unreadable(f"line {reader.line_num} ends with a carriage return alone")
                yield begins, row
                begins = reader.line_num + 1
        except UnicodeDecodeError as error:
            raise _unreadable(f"line {_first_undecodable(path)} is not UTF-8") from error
        except csv.Error as error:
            raise _unreadable(f"line {begins}: {error}") from error


class _Seen:
    """Remembers the last line: at a carriage return alone the module csv ends a row, and Polars does not."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self.last = lines, ""

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.last = line
            yield line


def _require_header(header: list[str]) -> None:
    if not any(name.strip() for name in header):
        raise _unreadable("line 1 holds no column names")
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise Rejected(f"columns that are there twice: {', '.join(repeated)}", cause="columns")


def _unreadable(what: str) -> Rejected:
    return Rejected(f"unreadable as CSV: {what}: land the file again, whole", cause="form")


def _ends_with_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == b"\n"


def _first_undecodable(path: Path) -> int:
    # The reader decodes ahead in blocks, and so fails lines before the one at fault.
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1
