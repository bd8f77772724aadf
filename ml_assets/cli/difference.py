"""A difference between two records, for people: a heading for each aspect that differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ml_assets.cli.ancestry import INDENT, short, told_objects
from ml_assets.ledger.index.compare import Change, Difference
from ml_assets.ledger.index.rows import Landed

FEW = 20


def difference_lines(found: Difference, *, every: bool) -> Iterator[str]:
    yield f"Record {found.before} -> {found.after}{_runs_told(found)}"
    sections = (
        ("Data", list(_data(found, every=every))),
        ("Params", [_told(each) for each in found.params]),
        ("Code", [*_commit(found), *(_told_hash(each) for each in found.code)]),
        ("Environment", list(_environment(found, every=every))),
        ("Metrics", [_told(each) for each in found.metrics]),
        ("Outputs", [_told_hash(each) for each in found.outputs]),
    )
    for heading, lines in sections:
        if lines:
            yield heading
            yield from (INDENT + line for line in lines)
    same = [heading.lower() for heading, lines in sections if not lines]
    if same:
        yield f"No difference in {', '.join(same)}."


def _runs_told(found: Difference) -> str:
    if found.runs == (found.before, found.after):
        return ""
    told = " -> ".join("none yet" if each is None else f"record {each}" for each in found.runs)
    return f" (runs: {told})"


def _data(found: Difference, *, every: bool) -> Iterator[str]:
    kinds: Iterable[tuple[str, Sequence[Landed]]] = (
        ("came", found.data.came),
        ("went", found.data.went),
        ("changed", found.data.changed),
    )
    for verb, landed in kinds:
        if landed:
            yield f"{len(landed):,} objects {verb}"
            yield from (INDENT + line for line in told_objects(landed, every=every))


def _commit(found: Difference) -> Iterator[str]:
    if found.commit:
        before, after = (each and each[:12] + each[40:] for each in (found.commit.before, found.commit.after))
        yield f"commit: {_value(before)} -> {_value(after)}"


def _environment(found: Difference, *, every: bool) -> Iterator[str]:
    yield from (_told_hash(each) for each in found.environment)
    if found.packages is None:
        yield "packages: not told, for the ledger does not hold the list of both environments"
        return
    shown = found.packages if every else found.packages[:FEW]
    yield from (_told(each) for each in shown)
    if len(found.packages) > len(shown):
        yield f"{len(found.packages) - len(shown)} more packages (--all names them)"


def _told(each: Change) -> str:
    delta = "" if each.delta is None else f"  ({each.delta:+.6g})"
    return f"{each.name}: {_value(each.before)} -> {_value(each.after)}{delta}"


def _told_hash(each: Change) -> str:
    before, after = (short(value) if isinstance(value, str) else value for value in (each.before, each.after))
    return f"{each.name}: {_value(before)} -> {_value(after)}"


def _value(value: object) -> str:
    return "none" if value is None else str(value)
