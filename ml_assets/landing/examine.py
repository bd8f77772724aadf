"""One file against its contract: what it brings, or why it may not become part of raw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ml_assets.landing.contract import Contract, policy_of
from ml_assets.landing.errors import Rejected
from ml_assets.landing.formats.open import open_table
from ml_assets.landing.formats.reading import AS_USUAL, Reading
from ml_assets.landing.formats.suffix import Format, format_of
from ml_assets.landing.rescue import Cleaned, rescue
from ml_assets.landing.schema_in_force import declared_types

if TYPE_CHECKING:
    from ml_assets.landing.conformity import Fault
    from ml_assets.landing.formats.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Conforming:
    """A file that may become part of raw: with how many rows, which new columns, and without which rows."""

    rows: int | None = None
    new_columns: Mapping[str, str] = field(default_factory=dict)
    cleaned: Cleaned | None = None


def examine(
    path: Path,
    relative: PurePosixPath,
    contract: Contract,
    *,
    grown: Mapping[str, str] | None = None,
    reading: Reading = AS_USUAL,
) -> Conforming:
    """What the file at `path` brings. Raises Rejected with what is wrong with it.

    `relative` is the path that it would have below raw, whose name is part of the contract; `grown` are types
    of columns that earlier files had and the contract does not declare.
    """
    from polars.exceptions import PanicException, PolarsError

    named = named_day(relative.name, contract)
    kind = format_of(relative.name)
    with TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.") as scratch:
        try:
            return _Examination(path, kind, contract, named, grown or {}, reading, Path(scratch)).run()
        # A panic of Polars is no Exception.
        except (PolarsError, PanicException) as error:
            # The contract works (see load_contracts), so it is this file that cannot be worked with.
            raise Rejected(f"the contract cannot be applied: {error}", cause="rows") from error


def named_day(name: str, contract: Contract) -> date | None:
    """The day that the file's name says. Raises Rejected when it follows not the contract's pattern."""
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


@dataclass(frozen=True)
class _Examination:
    path: Path
    kind: Format
    contract: Contract
    named: date | None
    grown: Mapping[str, str]
    reading: Reading
    scratch: Path

    def run(self) -> Conforming:
        declared = declared_types(self.contract)
        types = {**declared, **self._grown_types()}
        table = open_table(self.path, self.kind, types, scratch=self.scratch, reading=self.reading)
        policy = policy_of(self.contract)
        new = [name for name in table.columns if name not in declared]
        _require_columns(table, declared, unexpected=() if policy in {"evolve", "rescue"} else new)
        new_columns = self._new_columns(table, new) if policy == "evolve" else {}
        if policy == "rescue":
            return self._rescued(table, declared)
        self._require_rows(table, types)
        return Conforming(rows=table.rows, new_columns=new_columns)

    def _grown_types(self) -> dict[str, Any]:
        """Of the grown columns those whose values are looked at; the others are compared as a whole."""
        import polars as pl

        known = {str(dtype): dtype() for dtype in (pl.Int64, pl.Float64, pl.Boolean, pl.String)}
        return {name: known[type_] for name, type_ in self.grown.items() if type_ in known}

    def _new_columns(self, table: Table, new: Sequence[str]) -> dict[str, str]:
        found = table.types_of(new)
        compared = [name for name in new if name in self.grown and name not in self._grown_types()]
        other = {name: found[name] for name in compared if found[name] != self.grown[name]}
        if other:
            raise Rejected(_retyped(other, self.grown), cause="columns")
        return {name: type_ for name, type_ in found.items() if name not in self.grown}

    def _require_rows(self, table: Table, types: Mapping[str, Any]) -> None:
        """Raises Rejected with the types that are wrong; else with the rules; else with the day."""
        from ml_assets.landing.conformity import day_fault, rule_faults, type_faults

        if faults := type_faults(table, types):
            grown_ones = any(fault.column in self.grown for fault in faults)
            raise Rejected(_sentences(table, faults), cause="columns" if grown_ones else "rows")
        if faults := rule_faults(table, self.contract.schema, without=None, scratch=self.scratch):
            raise Rejected(_sentences(table, faults), cause="rows")
        if self._names_a_day and self.named:
            columns = self.contract.date_columns
            for fault in day_fault(table, columns, self.named, without=None):
                raise Rejected(fault.sentence(table), cause="rows")

    @property
    def _names_a_day(self) -> bool:
        return self.named is not None and bool(self.contract.date_columns)

    def _rescued(self, table: Table, declared: Mapping[str, Any]) -> Conforming:
        from ml_assets.landing.conformity import bad_rows

        faults = self._all_faults(table, declared)
        bad = bad_rows(faults)
        unknown = [name for name in table.columns if name not in declared]
        if not faults and not unknown:
            return Conforming(rows=table.rows)
        said = [*([f"unexpected columns: {', '.join(unknown)}"] if unknown else [])]
        reason = "; ".join([*said, *(each.sentence(table) for each in faults)])
        if bad.height == table.rows:
            raise Rejected(f"no row of it is good: {reason}", cause="rows")
        cleaned = rescue(
            table,
            staged=self.path,
            kind=self.kind,
            declared=declared,
            faults=faults,
            bad=bad,
            reason=reason,
        )
        return Conforming(rows=table.rows, cleaned=cleaned)

    def _all_faults(self, table: Table, declared: Mapping[str, Any]) -> list[Fault]:
        from ml_assets.landing.conformity import bad_rows, day_fault, rule_faults, type_faults

        faults = type_faults(table, declared)
        # What is of no type is null by now, and would break rules that its own value does not.
        untyped = bad_rows(faults)
        faults += rule_faults(table, self.contract.schema, without=untyped, scratch=self.scratch)
        if self._names_a_day and self.named:
            faults += day_fault(table, self.contract.date_columns, self.named, without=untyped)
        return faults


def _require_columns(table: Table, declared: Mapping[str, Any], *, unexpected: Sequence[str]) -> None:
    missing = [column for column in declared if column not in table.columns]
    faults = [
        f"{what} column{'s' if len(columns) > 1 else ''}: {', '.join(columns)}"
        for what, columns in (("missing", missing), ("unexpected", unexpected))
        if columns
    ]
    if retyped := table.retyped():
        faults.append(_retyped(retyped, {name: str(dtype) for name, dtype in declared.items()}))
    if faults:
        raise Rejected("; ".join(faults), cause="columns")


def _retyped(found: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    changes = (f"'{name}' is {type_} where {wanted[name]} is asked" for name, type_ in found.items())
    return f"retyped columns: {', '.join(changes)}"


def _sentences(table: Table, faults: Sequence[Fault]) -> str:
    return "; ".join(each.sentence(table) for each in faults)
