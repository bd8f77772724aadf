"""Whether a CSV's values are of the declared types, and its rows obey the declared rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ml_assets.landing.csv_form import line_of_row
from ml_assets.landing.errors import Rejected

if TYPE_CHECKING:
    import dataframely as dy

LONGEST_SHOWN = 40
# What polars' own CSV reader cannot make, or stops at instead of leaving it null.
_CAST_LATER = (pl.Enum, pl.Categorical, pl.Duration, pl.Binary, pl.List, pl.Array, pl.Struct, pl.Object)


def read_as_declared(path: Path, schema: type[dy.Schema]) -> pl.DataFrame:
    """The table with the declared types, in the schema's order of columns.

    Raises Rejected naming each column with values of another type.
    """
    declared = {name: column.dtype for name, column in schema.columns().items()}
    text = pl.read_csv(path, infer_schema=False)
    overrides = {name: pl.String if _cast_later(dtype) else dtype for name, dtype in declared.items()}
    typed = pl.read_csv(path, schema_overrides=overrides, ignore_errors=True)
    typed = typed.select(pl.col(name).cast(dtype, strict=False) for name, dtype in declared.items())
    faults = list(_type_faults(path, text, typed))
    if faults:
        raise Rejected("; ".join(faults))
    return typed


def require_rules(path: Path, rows: pl.DataFrame, schema: type[dy.Schema]) -> None:
    """Raises Rejected naming each rule that rows break."""
    _, failure = schema.filter(rows, cast=False)
    counts = failure.counts()
    if not counts:
        return
    details = failure.details()
    faults = (
        f"{count} of {rows.height} rows break the rule '{rule}' (first: {_first(path, rows, details, rule)})"
        for rule, count in counts.items()
    )
    raise Rejected("; ".join(faults))


def _cast_later(dtype: pl.DataType) -> bool:
    return isinstance(dtype, _CAST_LATER)


def _type_faults(path: Path, text: pl.DataFrame, typed: pl.DataFrame) -> Iterator[str]:
    nulls_in_text, nulls = text.null_count().row(0, named=True), typed.null_count().row(0, named=True)
    for name, dtype in typed.schema.items():
        if nulls[name] != nulls_in_text[name]:
            bad = text[name].is_not_null() & typed[name].is_null()
            row = bad.arg_max()
            assert row is not None  # noqa: S101 - there is a row, or there were not more nulls
            shown = _shown(text[name][row])
            yield (
                f"column '{name}': {bad.sum()} of {text.height} values are no {dtype} "
                f"(first: {shown} on line {line_of_row(path, row)})"
            )


def _first(path: Path, rows: pl.DataFrame, details: pl.DataFrame, rule: str) -> str:
    broken = details.filter(pl.col(rule) == "invalid").head(1).select(rows.columns)
    place = rows.with_row_index("row").join(broken, on=rows.columns, nulls_equal=True, how="semi")
    where = f"line {line_of_row(path, place['row'][0])}"
    # Rules of one column are called "column|rule"; others may be about any column.
    column = rule.split("|", maxsplit=1)[0]
    return f"{_shown(broken[column][0])} on {where}" if column in rows.columns else where


def _shown(value: object) -> str:
    shown = "an empty value" if value is None else repr(value)
    return shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"
