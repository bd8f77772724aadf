"""A CSV file as a table of text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from ml_assets.landing.formats.csv_form import check_form, line_of_row, rows_of
from ml_assets.landing.formats.reading import LineEnd
from ml_assets.landing.formats.table import ROW, Entry, Table, Types, ordered
from ml_assets.landing.formats.text_types import require_flat, scan_text, scan_typed


class CsvTable(Table):
    """Raises Rejected where the file is no whole CSV."""

    def __init__(self, path: Path, declared: Types, *, last_line_end: LineEnd) -> None:
        form = check_form(path, last_line_end=last_line_end)
        self.columns, self.rows = form.header, form.rows
        self._path = path
        self._declared = {name: declared[name] for name in ordered(self.columns, declared)}
        require_flat(self._declared)

    def values(self) -> pl.LazyFrame:
        return scan_text(self._path, self._declared)

    def typed(self) -> pl.LazyFrame:
        return scan_typed(self._path, self._declared)

    def retyped(self) -> Mapping[str, str]:
        # Text has no type of its own: its values have, or have not.
        return {}

    def types_of(self, columns: Collection[str]) -> dict[str, str]:
        # By all rows: a column may begin with whole numbers and go on with others.
        found = pl.scan_csv(self._path, infer_schema_length=None).collect_schema()
        return {name: str(found[name]) for name in columns}

    def place(self, row: int) -> str:
        return f"line {line_of_row(self._path, row)}"

    def entries(self) -> Iterator[Entry]:
        rows = rows_of(self._path)
        next(rows)
        for number, (line, fields) in enumerate(rows):
            values = dict(zip(self.columns, fields, strict=True))
            yield Entry(row=number, place=f"line {line}", values=values)

    def write_good(self, into: Path, *, bad: Collection[int], columns: Sequence[str]) -> None:
        taken_out = pl.Series(sorted(bad), dtype=pl.UInt32)
        # As text: the values stay as they were written, only their quotes may be others.
        good = scan_text(self._path, columns).filter(~pl.col(ROW).is_in(taken_out.implode()))
        good.select(columns).sink_csv(into)
