"""Which rows of a table are not as declared: values of another type, rules that are broken, another day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import dataframely as dy
import polars as pl

from ml_assets.landing.formats.table import ROW

if TYPE_CHECKING:
    from ml_assets.landing.formats.table import Table

LONGEST_SHOWN = 40
_FIRST = "first"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Rows that have one thing wrong with them; `rows` holds ROW and `value` (as shown; null: of no column).

    `says` is a sentence that the number of these rows goes into.
    """

    column: str | None
    rule: str
    says: str
    rows: pl.LazyFrame

    def sentence(self, table: Table) -> str:
        count, row, value = (
            self.rows.select(pl.len(), pl.col(ROW).min().alias(_FIRST), pl.col("value").sort_by(ROW).first())
            .collect(engine="streaming")
            .row(0)
        )
        place = table.place(row)
        where = place if value is None else f"{value} on {place}"
        return f"{self.says.replace('{count}', str(count))} (first: {where})"


def type_faults(table: Table, declared: Mapping[str, pl.DataType]) -> list[Fault]:
    """A fault for each column with values that are not of its type."""
    read = [name for name, dtype in declared.items() if name in table.columns]
    values, typed = table.values(), table.typed()
    before, after = (_nulls(each, read) for each in (values, typed))
    others = table.other_kinds()
    found: dict[str, pl.LazyFrame] = {}
    for name in read:
        if before[name] != after[name]:
            found[name] = _lost(values, typed, name)
    if others is not None:
        for name in others.select(pl.col("column").unique()).collect()["column"].to_list():
            mine = others.filter(pl.col("column") == name).select(ROW, _shortened(pl.col("value")))
            found[name] = pl.concat([found[name], mine]) if name in found else mine
    return [_type_fault(table, name, declared[name], found[name]) for name in read if name in found]


def rule_faults(
    table: Table, schema: type[dy.Schema], *, without: pl.DataFrame | None, scratch: Path
) -> list[Fault]:
    """A fault for each rule of `schema` that rows break; rows of `without` are left out.

    Raises PolarsError when a rule cannot be applied.
    """
    numbered: type[dy.Schema] = type(schema.__name__, (schema,), {ROW: dy.UInt32(nullable=False)})
    rows = table.typed().select(ROW, *schema.column_names())
    if without is not None:
        rows = rows.join(without.lazy(), on=ROW, how="anti")
    # To disk: only streamed, a file may be larger than memory.
    kept = scratch / "broken.parquet"
    numbered.filter(rows, cast=False).failure.sink_parquet(kept)
    failure = dy.FailureInfo.scan_parquet(kept)
    counts = failure.counts()
    details = failure.details() if counts else pl.DataFrame()
    return [_rule_fault(table, details, rule) for rule in counts]


def day_fault(
    table: Table, columns: Sequence[str], named: date, *, without: pl.DataFrame | None
) -> Iterator[Fault]:
    """A fault when rows are of another day than the one that the file's name says."""
    rows = table.typed().select(ROW, *columns)
    if without is not None:
        rows = rows.join(without.lazy(), on=ROW, how="anti")
    others = rows.filter(_is_not(named, columns)).select(ROW, _day(columns).alias("value"))
    if others.head(1).collect().height:
        says = f"the name says {named}, but {{count}} of {table.rows} rows are of another day"
        yield Fault(column=None, rule="day of the file's name", says=says, rows=others)


def bad_rows(faults: Sequence[Fault]) -> pl.DataFrame:
    """ROW of each row that has any of `faults`."""
    if not faults:
        return pl.DataFrame(schema={ROW: pl.UInt32})
    return pl.concat([each.rows.select(ROW) for each in faults]).unique().sort(ROW).collect()


def _nulls(rows: pl.LazyFrame, names: Sequence[str]) -> dict[str, int]:
    return rows.select(pl.col(names).null_count()).collect(engine="streaming").row(0, named=True)


def _lost(values: pl.LazyFrame, typed: pl.LazyFrame, name: str) -> pl.LazyFrame:
    beside = [values.select(ROW, value=pl.col(name)), typed.select(typed=pl.col(name))]
    lost = pl.concat(beside, how="horizontal").filter(
        pl.col("value").is_not_null() & pl.col("typed").is_null()
    )
    return lost.select(ROW, _shown("value", values.collect_schema()[name]))


def _type_fault(table: Table, name: str, dtype: pl.DataType, rows: pl.LazyFrame) -> Fault:
    says = f"column '{name}': {{count}} of {table.rows} values are no {dtype}"
    return Fault(column=name, rule=f"is {dtype}", says=says, rows=rows)


def _rule_fault(table: Table, details: pl.DataFrame, rule: str) -> Fault:
    broken = details.lazy().filter(pl.col(rule) == "invalid")
    # Rules of one column are called "column|rule"; others may be about any column.
    column = rule.split("|", maxsplit=1)[0]
    of_column = "|" in rule and column in table.columns
    shown = _shown(column, details.schema[column]) if of_column else pl.lit(None, pl.String).alias("value")
    return Fault(
        column=column if of_column else None,
        rule=rule,
        says=f"{{count}} of {table.rows} rows break the rule '{rule}'",
        rows=broken.select(ROW, shown),
    )


def _shown(name: str, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.String | pl.Enum | pl.Categorical):
        text = pl.format("'{}'", pl.col(name).cast(pl.String))
    elif dtype.is_nested() or isinstance(dtype, pl.Binary | pl.Object):
        text = pl.lit(f"a {dtype.base_type()}")
    else:
        text = pl.col(name).cast(pl.String)
    known = pl.when(pl.col(name).is_null()).then(pl.lit("an empty value")).otherwise(text)
    return _shortened(known)


def _shortened(text: pl.Expr) -> pl.Expr:
    short = text.str.slice(0, LONGEST_SHOWN) + "…"
    return pl.when(text.str.len_chars() > LONGEST_SHOWN).then(short).otherwise(text).alias("value")


def _is_not(day: date, columns: Sequence[str]) -> pl.Expr:
    if len(columns) == 1:
        return pl.col(columns[0]).cast(pl.Date).ne_missing(day)
    # Part by part: polars refuses to make a date of 31 February, rather than leaving it empty.
    parts = (day.year, day.month, day.day)
    return pl.any_horizontal(
        pl.col(column).ne_missing(part) for column, part in zip(columns, parts, strict=True)
    )


def _day(columns: Sequence[str]) -> pl.Expr:
    if len(columns) == 1:
        return pl.col(columns[0]).cast(pl.String).fill_null("no day")
    parts = [pl.col(column).cast(pl.String).fill_null("?").str.zfill(2) for column in columns]
    return pl.concat_str(parts, separator="-")
