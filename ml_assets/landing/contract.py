"""What a landed file must be before it may become part of raw, by the folder that it lies in."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol, cast

from ml_assets.landing.csv_form import check_form, line_of_row
from ml_assets.landing.errors import ContractsUnusable, Rejected

if TYPE_CHECKING:
    import dataframely as dy
    import polars as pl


class Contract(Protocol):
    """What a project says about the files of one folder; a plain class or module-level value fits."""

    @property
    def schema(self) -> type[dy.Schema]:
        """Columns, their types, and rules about rows."""

    @property
    def date_columns(self) -> Sequence[str]:
        """The columns of the day: year, month and day as numbers, or one of dates; empty: not checked."""

    @property
    def file_name(self) -> str:
        """The pattern of the file's name, as in strptime: `%Y-%m-%d.csv`; its day is the day of each row."""


Contracts = Mapping[str, Contract]
"""Contract by folder relative to raw, such as `flights`; "." is raw itself."""


def load_contracts(contracts: str) -> Contracts:
    """The mapping that "module:NAME" names. Raises ContractsUnusable."""
    module, _, name = contracts.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ContractsUnusable(contracts=contracts, cause=str(error)) from error
    if not isinstance(found, Mapping):
        raise ContractsUnusable(contracts=contracts, cause=f"{name} is a {type(found).__name__}, no mapping")
    for folder, contract in found.items():
        _require_contract(contract, contracts=contracts, folder=folder)
    return cast("Contracts", found)


def contract_for(relative: PurePosixPath, contracts: Contracts) -> Contract:
    """Raises Rejected where no contract covers the file's folder."""
    folder = str(relative.parent)
    if folder not in contracts:
        known = ", ".join(sorted(contracts))
        raise Rejected(f"no contract covers the folder '{folder}'; there are contracts for: {known}")
    return contracts[folder]


def check(path: Path, relative: PurePosixPath, contract: Contract) -> None:
    """Raises Rejected with the first thing that is wrong with the file at `path`.

    `relative` is the path that it would have below raw, whose name is part of the contract.
    """
    from polars.exceptions import PolarsError

    from ml_assets.landing.conformity import read_as_declared, require_rules

    named = _named_day(relative.name, contract)
    header = check_form(path)
    _require_columns(header, contract.schema.column_names())
    try:
        rows = read_as_declared(path, contract.schema)
        require_rules(path, rows, contract.schema)
    except PolarsError as error:
        # The contract works (see load_contracts), so it is this file that cannot be worked with.
        raise Rejected(f"the contract cannot be applied: {error}") from error
    if named is not None and contract.date_columns:
        _require_day(path, rows, columns=contract.date_columns, named=named)


def _named_day(name: str, contract: Contract) -> date | None:
    if not contract.file_name:
        return None
    try:
        day = datetime.strptime(name, contract.file_name).date()  # noqa: DTZ007 - a name has no time zone
    except ValueError:
        day = None
    # strptime also takes 2013-1-1, which would be a second name of the same day.
    if day is None or day.strftime(contract.file_name) != name:
        raise Rejected(f"the name '{name}' does not follow the pattern {contract.file_name}")
    return day


def _require_columns(header: Sequence[str], declared: Sequence[str]) -> None:
    missing = [column for column in declared if column not in header]
    unexpected = [column for column in header if column not in declared]
    faults = [
        f"{what} column{'s' if len(columns) > 1 else ''}: {', '.join(columns)}"
        for what, columns in (("missing", missing), ("unexpected", unexpected))
        if columns
    ]
    if faults:
        raise Rejected("; ".join(faults))


def _require_day(path: Path, rows: pl.DataFrame, *, columns: Sequence[str], named: date) -> None:
    others = rows.select(columns).with_row_index("row").filter(_is_not(named, columns))
    if others.height:
        first = others.row(0)
        inside = "-".join(f"{part:02}" if isinstance(part, int) else str(part) for part in first[1:])
        raise Rejected(
            f"the name says {named}, but {others.height} of {rows.height} rows are of another day "
            f"(first: {inside} on line {line_of_row(path, first[0])})"
        )


def _is_not(day: date, columns: Sequence[str]) -> pl.Expr:
    import polars as pl

    if len(columns) == 1:
        return pl.col(columns[0]).cast(pl.Date).ne_missing(day)
    # Part by part: polars refuses to make a date of 31 February, rather than leaving it empty.
    parts = (day.year, day.month, day.day)
    return pl.any_horizontal(
        pl.col(column).ne_missing(part) for column, part in zip(columns, parts, strict=True)
    )


def _require_contract(contract: object, *, contracts: str, folder: str) -> None:
    missing = [name for name in ("schema", "date_columns", "file_name") if not hasattr(contract, name)]
    if missing:
        cause = f"the contract of '{folder}' has no {' and no '.join(missing)}"
        raise ContractsUnusable(contracts=contracts, cause=cause)
    _require_working_rules(cast("Contract", contract), contracts=contracts, folder=folder)


def _require_working_rules(contract: Contract, *, contracts: str, folder: str) -> None:
    from polars.exceptions import PolarsError

    # A rule that fails by itself would send every file into quarantine.
    try:
        contract.schema.filter(contract.schema.create_empty())
    except PolarsError as error:
        cause = f"a rule of '{folder}' does not work even without rows: {error}"
        raise ContractsUnusable(contracts=contracts, cause=cause) from error
