"""A Parquet file as a table: it has types of its own, which may be narrower or wider than declared."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from ml_assets.landing.errors import Rejected
from ml_assets.landing.formats.table import ROW, Entry, Table, Types, ordered


class ParquetTable(Table):
    """Raises Rejected for a file whose footer or pages cannot be read."""

    def __init__(self, path: Path, declared: Types) -> None:
        self._path = path
        self._file = _opened(path)
        self.columns = tuple(self._file.schema_arrow.names)
        self.rows = self._file.metadata.num_rows
        _require_pages(self._file)
        if not self.rows:
            raise Rejected("the file has no rows: land it again, with its content", cause="form")
        self._types = pl.scan_parquet(path).collect_schema()
        self._declared = {name: declared[name] for name in ordered(self.columns, declared)}

    def values(self) -> pl.LazyFrame:
        return pl.scan_parquet(self._path, row_index_name=ROW).select(ROW, *self._declared)

    def typed(self) -> pl.LazyFrame:
        casts = (pl.col(name).cast(dtype, strict=False) for name, dtype in self._declared.items())
        return self.values().select(ROW, *casts)

    def retyped(self) -> Mapping[str, str]:
        found = self._types
        return {
            name: str(found[name])
            for name, dtype in self._declared.items()
            if found[name] != pl.Null and not _is_kin(found[name], dtype)
        }

    def types_of(self, columns: Collection[str]) -> dict[str, str]:
        return {name: str(self._types[name]) for name in columns}

    def place(self, row: int) -> str:
        return f"row {row + 1}"

    def entries(self) -> Iterator[Entry]:
        number = 0
        for batch in self._file.iter_batches():
            for values in batch.to_pylist():
                yield Entry(row=number, place=self.place(number), values=values)
                number += 1

    def write_good(self, into: Path, *, bad: Collection[int], columns: Sequence[str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        kept = ordered(self.columns, columns)
        schema = pa.schema(
            [self._file.schema_arrow.field(name) for name in kept], self._file.schema_arrow.metadata
        )
        begins = 0
        with pq.ParquetWriter(into, schema) as writer:
            for batch in self._file.iter_batches(columns=kept):
                good = [begins + at not in bad for at in range(batch.num_rows)]
                begins += batch.num_rows
                writer.write_batch(batch.filter(pa.array(good)).select(kept))


def _opened(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise Rejected(f"unreadable as Parquet: {error}: land the file again, whole", cause="form") from error


def _require_pages(file: Any) -> None:
    """Read all of it: a footer says nothing about what the pages before it hold."""
    import pyarrow as pa

    read = 0
    try:
        for batch in file.iter_batches():
            read += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise Rejected(
            f"unreadable as Parquet after row {read}: {error}: land the file again, whole", cause="form"
        ) from error


def _is_kin(found: pl.DataType, declared: pl.DataType) -> bool:
    """Whether values of one type may be of the other, each by itself."""
    if found == declared:
        return True
    if declared.is_float():
        return found.is_integer() or found.is_float()
    if isinstance(declared, pl.Datetime) and isinstance(found, pl.Datetime):
        return declared.time_zone == found.time_zone
    texts = (pl.String, pl.Enum, pl.Categorical)
    return any(
        (
            found.is_integer() and declared.is_integer(),
            found.is_decimal() and declared.is_decimal(),
            isinstance(found, texts) and isinstance(declared, texts),
            isinstance(found, pl.Duration) and isinstance(declared, pl.Duration),
        )
    )
