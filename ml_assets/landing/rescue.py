"""Parts a file into rows that may become raw data and rows that may not, kept with their reasons."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ml_assets.landing.formats.packing import pack
from ml_assets.landing.formats.suffix import Format
from ml_assets.landing.formats.table import ROW

if TYPE_CHECKING:
    import polars as pl

    from ml_assets.landing.conformity import Fault
    from ml_assets.landing.formats.table import Entry, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """`good` becomes raw, `rejects` (JSON lines) is what was taken out, and `reason` says why in short."""

    good: Path
    sha256: str
    rejects: Path
    rejected_rows: int
    unknown_columns: tuple[str, ...]
    reason: str


def rescue(
    table: Table,
    *,
    staged: Path,
    kind: Format,
    declared: Collection[str],
    faults: Sequence[Fault],
    bad: pl.DataFrame,
    reason: str,
) -> Cleaned:
    """The parts of the file `staged`, beside it; equal files give equal bytes."""
    taken_out = set(bad[ROW].to_list())
    columns = [name for name in table.columns if name in declared]
    unknown = tuple(name for name in table.columns if name not in declared)
    good = staged.with_name(f"{staged.name}.good")
    rejects = staged.with_name(f"{staged.name}.rejects")
    table.write_good(good, bad=taken_out, columns=columns)
    if kind.compression:
        good = pack(good, kind.compression, staged.with_name(f"{staged.name}.packed"))
    _write_rejects(rejects, table, faults, unknown)
    with good.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return Cleaned(
        good=good,
        sha256=digest,
        rejects=rejects,
        rejected_rows=len(taken_out),
        unknown_columns=unknown,
        reason=reason,
    )


def _write_rejects(path: Path, table: Table, faults: Sequence[Fault], unknown: Sequence[str]) -> None:
    reasons = _reasons(faults)
    with path.open("w", encoding="utf-8") as file:
        for entry in table.entries():
            if entry.row in reasons:
                _write(file, entry, faults=reasons[entry.row], values=entry.values)
            elif moved := {name: entry.values[name] for name in unknown if name in entry.values}:
                _write(file, entry, unknown_columns=moved)


def _write(file: IO[str], entry: Entry, **facts: Any) -> None:
    line = {"row": entry.row + 1, "place": entry.place, **facts}
    file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")


def _reasons(faults: Sequence[Fault]) -> dict[int, list[dict[str, str | None]]]:
    found: dict[int, list[dict[str, str | None]]] = defaultdict(list)
    for fault in faults:
        for row, value in fault.rows.select(ROW, "value").collect().iter_rows():
            found[row].append({"column": fault.column, "rule": fault.rule, "value": value})
    return dict(found)
