"""What a table in an output looks like: rows, columns, first rows; described once a content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_assets.dvc.files import read_cached, write_cached

if TYPE_CHECKING:
    import pyarrow as pa

PREVIEW_ROWS = 5
SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True)
class TableDescription:
    """A table of `rows` rows; `columns` are (name, type) pairs, `preview` its last file's first rows."""

    rows: int
    columns: tuple[tuple[str, str], ...]
    preview: tuple[dict[str, Any], ...]


def describe_table(path: Path, *, md5: str, cache_dir: Path) -> TableDescription | None:
    """The table at `path`: a Parquet or CSV file, or a folder of such files; None for anything else.

    Kept below `cache_dir` by `md5`, DVC's hash of the output.
    """
    kept = cache_dir / "tables" / f"{md5}.json"
    if (cached := read_cached(kept)) is not None:
        return _from_cache(cached)
    files = _table_files(path)
    if not files:
        return None
    description = _describe(files)
    write_cached(kept, asdict(description))
    return description


def _table_files(path: Path) -> list[Path]:
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    suffixes = {each.suffix for each in files}
    return files if len(suffixes) == 1 and suffixes <= set(SUFFIXES) else []


def _describe(files: list[Path]) -> TableDescription:
    newest = _read(files[-1])
    if files[-1].suffix == ".parquet":
        from pyarrow.parquet import read_metadata

        rows = sum(read_metadata(file).num_rows for file in files)
    else:
        rows = sum(_read(file).num_rows for file in files)
    preview = tuple(
        {name: _plain(value) for name, value in row.items()}
        for row in newest.slice(0, PREVIEW_ROWS).to_pylist()
    )
    columns = tuple((column.name, str(column.type)) for column in newest.schema)
    return TableDescription(rows=rows, columns=columns, preview=preview)


def _read(file: Path) -> pa.Table:
    if file.suffix == ".parquet":
        from pyarrow.parquet import read_table

        return read_table(file)
    from pyarrow.csv import read_csv

    return read_csv(file)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else "" if value is None else str(value)


def _from_cache(data: Mapping[str, Any]) -> TableDescription:
    return TableDescription(
        rows=data["rows"],
        columns=tuple((name, kind) for name, kind in data["columns"]),
        preview=tuple(data["preview"]),
    )
