"""Opens a landed file of any format as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ml_assets.landing.formats.packing import require_content, unpack
from ml_assets.landing.formats.suffix import Format

if TYPE_CHECKING:
    from ml_assets.landing.formats.reading import Reading
    from ml_assets.landing.formats.table import Table, Types


def open_table(path: Path, kind: Format, declared: Types, *, scratch: Path, reading: Reading) -> Table:
    """The file as a table; `scratch` is an empty folder that is there as long as the table is.

    Raises Rejected where the file is torn.
    """
    from ml_assets.landing.formats.csv_table import CsvTable
    from ml_assets.landing.formats.json_table import JsonTable
    from ml_assets.landing.formats.parquet_table import ParquetTable

    require_content(path)
    if kind.compression:
        path = unpack(path, kind.compression, scratch / "unpacked", most=reading.max_unpacked_bytes)
    if kind.kind == "parquet":
        return ParquetTable(path, declared)
    if kind.kind == "jsonl":
        return JsonTable(path, declared, scratch=scratch)
    return CsvTable(path, declared, last_line_end=reading.last_line_end)
