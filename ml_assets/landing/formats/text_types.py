"""Text becomes values of declared types as Polars' reader of CSV makes them: null where it cannot."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import polars as pl

from ml_assets.landing.errors import Rejected
from ml_assets.landing.formats.table import ROW

# What the reader of CSV cannot make, or stops at instead of leaving it null.
_CAST_LATER = (pl.Enum, pl.Categorical, pl.Duration, pl.Binary, pl.Object)
_NESTED = (pl.List, pl.Array, pl.Struct)


def scan_text(path: Path, columns: Collection[str]) -> pl.LazyFrame:
    """These columns of a CSV as text, and ROW."""
    return pl.scan_csv(path, infer_schema=False, row_index_name=ROW).select(ROW, *columns)


def scan_typed(path: Path, declared: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """As `scan_text`, of the declared types."""
    overrides = {name: pl.String if _is_cast_later(dtype) else dtype for name, dtype in declared.items()}
    # A cast of text makes neither times nor truths in Polars 2; the reader does.
    table = pl.scan_csv(path, schema_overrides=overrides, ignore_errors=True, row_index_name=ROW)
    return table.select(ROW, *(pl.col(name).cast(dtype, strict=False) for name, dtype in declared.items()))


def require_flat(declared: Mapping[str, pl.DataType]) -> None:
    """Raises Rejected for declared types that text cannot hold."""
    nested = [name for name, dtype in declared.items() if isinstance(dtype, _NESTED)]
    if nested:
        raise Rejected(
            f"columns declared as lists or structures are read from Parquet alone: {', '.join(nested)}",
            cause="columns",
        )


def _is_cast_later(dtype: pl.DataType) -> bool:
    return isinstance(dtype, _CAST_LATER)
