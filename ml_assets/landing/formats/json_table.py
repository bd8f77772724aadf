"""JSON lines as a table: each value's kind is asked first, then it is read as text, like CSV."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import polars as pl

from ml_assets.landing.errors import Rejected
from ml_assets.landing.formats.json_form import objects_of
from ml_assets.landing.formats.table import ROW, Entry, Table, Types
from ml_assets.landing.formats.text_types import require_flat, scan_text, scan_typed

_KINDS = {str: "String", bool: "Boolean", int: "Int64", float: "Float64"}


class JsonTable(Table):
    """Raises Rejected where a line is no whole object. A column that a line lacks is null in it.

    `scratch` is a folder for the text of the declared columns, and for values of another kind.
    """

    def __init__(self, path: Path, declared: Types, *, scratch: Path) -> None:
        require_flat(declared)
        self._path, self._declared = path, declared
        self._text, self._others = scratch / "values.csv", scratch / "kinds.csv"
        self._kinds: dict[str, set[str]] = {}
        self.rows = self._read()
        self.columns = tuple(self._kinds)
        if not self.rows:
            raise Rejected("the file has no rows: land it again, with its content", cause="form")

    def values(self) -> pl.LazyFrame:
        return scan_text(self._text, self._present)

    def typed(self) -> pl.LazyFrame:
        return scan_typed(self._text, {name: self._declared[name] for name in self._present})

    def retyped(self) -> Mapping[str, str]:
        return {}

    def other_kinds(self) -> pl.LazyFrame | None:
        types = {ROW: pl.UInt32, "column": pl.String, "value": pl.String}
        return pl.scan_csv(self._others, schema=types)

    def types_of(self, columns: Collection[str]) -> dict[str, str]:
        return {name: _type_of(self._kinds[name]) for name in columns}

    def place(self, row: int) -> str:
        return f"line {row + 1}"

    def entries(self) -> Iterator[Entry]:
        for number, values in enumerate(objects_of(self._path)):
            yield Entry(row=number, place=self.place(number), values=values)

    def write_good(self, into: Path, *, bad: Collection[int], columns: Sequence[str]) -> None:
        with self._path.open("rb") as lines, into.open("wb") as target:
            for number, line in enumerate(lines):
                if number not in bad:
                    target.write(_only(line, set(columns)))

    @property
    def _present(self) -> list[str]:
        return [name for name in self._declared if name in self._kinds]

    def _read(self) -> int:
        count = 0
        with ExitStack() as stack:
            text = stack.enter_context(self._text.open("w", encoding="utf-8", newline=""))
            others = stack.enter_context(self._others.open("w", encoding="utf-8", newline=""))
            text.write(_csv_line(["", *self._declared]))
            others.write(_csv_line([ROW, "column", "value"]))
            for count, each in enumerate(objects_of(self._path), start=1):
                self._note_kinds(each)
                fields = [self._field(name, each.get(name), count - 1, others) for name in self._declared]
                text.write(_csv_line([str(count), *fields]))
        return count

    def _note_kinds(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            kinds = self._kinds.setdefault(name, set())
            if value is not None:
                kinds.add(_KINDS.get(type(value), "nested"))

    def _field(self, name: str, value: Any, row: int, others: IO[str]) -> str | None:
        if value is None:
            return None
        if not _is_of_kind(value, self._declared[name]):
            others.write(_csv_line([str(row), name, json.dumps(value, ensure_ascii=False)]))
            return None
        return value if isinstance(value, str) else json.dumps(value)


def _is_of_kind(value: object, dtype: pl.DataType) -> bool:
    if dtype == pl.Boolean:
        return isinstance(value, bool)
    if dtype.is_integer():
        return isinstance(value, int) and not isinstance(value, bool)
    if dtype.is_numeric():
        # JSON has no decimals: whoever keeps them exact writes text.
        is_exact = dtype.is_decimal() and isinstance(value, str)
        return is_exact or (isinstance(value, int | float) and not isinstance(value, bool))
    return isinstance(value, str)


def _type_of(kinds: set[str]) -> str:
    if kinds == {"Int64", "Float64"}:
        return "Float64"
    if len(kinds) > 1:
        return "mixed"
    return next(iter(kinds), "String")


def _csv_line(fields: Sequence[str | None]) -> str:
    # Not the module csv: an empty text and none at all must stay two things.
    quoted = ("" if field is None else '"' + field.replace('"', '""') + '"' for field in fields)
    return ",".join(quoted) + "\n"


def _only(line: bytes, columns: set[str]) -> bytes:
    values = json.loads(line)
    if values.keys() <= columns:
        return line if line.endswith(b"\n") else line + b"\n"
    kept = {name: value for name, value in values.items() if name in columns}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
