"""What is different between two records: data, params, code, environment, metrics, outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any

from ml_assets.ledger import layout
from ml_assets.ledger.index import rows
from ml_assets.ledger.index.listing import newest_run_up_to
from ml_assets.ledger.index.rows import Landed
from ml_assets.ledger.record import AnyRecord, Environment, RunRecord
from ml_assets.ledger.store import Ledger


@dataclass(frozen=True)
class Change:
    """A value before and after; None where there was or is none. `delta` of two numbers."""

    name: str
    before: Any
    after: Any
    delta: float | None = None


@dataclass(frozen=True)
class Data:
    """Landed objects: those that came, that went, and the later generations of others."""

    came: tuple[Landed, ...]
    went: tuple[Landed, ...]
    changed: tuple[Landed, ...]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """`runs` are the records of runs that were compared where one of the two is none itself.

    `packages` is None where the ledger does not hold what is installed in both environments.
    """

    before: int
    after: int
    runs: tuple[int | None, int | None]
    data: Data
    params: tuple[Change, ...]
    commit: Change | None
    code: tuple[Change, ...]
    environment: tuple[Change, ...]
    packages: tuple[Change, ...] | None
    metrics: tuple[Change, ...]
    outputs: tuple[Change, ...]


def compare(connection: Connection, ledger: Ledger, before: AnyRecord, after: AnyRecord) -> Difference:
    """What `after` has otherwise than `before`.

    Raises what reading records raises.
    """
    old, new = (_run_of(connection, ledger, record) for record in (before, after))
    first, second = old or before, new or after
    return Difference(
        before=before.number,
        after=after.number,
        runs=(old.number if old else None, new.number if new else None),
        data=_data(connection, before.number, after.number),
        params=changes(dotted(first.params), dotted(second.params)),
        commit=next(iter(changes({"commit": _commit(first)}, {"commit": _commit(second)})), None),
        code=changes(old.code_files if old else {}, new.code_files if new else {}),
        environment=changes(_environment(first.environment), _environment(second.environment)),
        packages=_packages(ledger, first.environment.digest, second.environment.digest),
        metrics=changes(dotted(old.metrics if old else {}), dotted(new.metrics if new else {})),
        outputs=changes(_outputs(old), _outputs(new)),
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """The names whose values differ, sorted."""
    names = sorted(before.keys() | after.keys())
    pairs = ((name, before.get(name), after.get(name)) for name in names)
    return tuple(Change(name, old, new, _delta(old, new)) for name, old, new in pairs if old != new)


def dotted(values: Mapping[str, Any]) -> dict[str, Any]:
    """`file:key.inner` → value of nested mappings by file."""
    found: dict[str, Any] = {}
    for file, content in values.items():
        found |= {f"{file}:{key}": value for key, value in _flat(content)}
    return found


def _flat(content: Any, above: str = "") -> list[tuple[str, Any]]:
    if not isinstance(content, Mapping):
        return [(above, content)]
    inner = ((f"{above}.{key}" if above else str(key), value) for key, value in content.items())
    return [each for key, value in inner for each in _flat(value, key)]


def _delta(before: Any, after: Any) -> float | None:
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (before, after))
    return after - before if numbers else None


def _run_of(connection: Connection, ledger: Ledger, record: AnyRecord) -> RunRecord | None:
    """The record itself, or the newest run before it: an intake has no outputs and metrics."""
    if isinstance(record, RunRecord):
        return record
    number = newest_run_up_to(connection, record.number)
    found = ledger.get(number) if number else None
    return found if isinstance(found, RunRecord) else None


def _data(connection: Connection, before: int, after: int) -> Data:
    old, new = (_in_raw(connection, number, other) for number, other in ((before, after), (after, before)))
    return Data(
        came=tuple(each for path, each in new.items() if path not in old),
        went=tuple(each for path, each in old.items() if path not in new),
        changed=tuple(each for path, each in new.items() if path in old),
    )


def _in_raw(connection: Connection, number: int, other: int) -> dict[tuple[str, str], Landed]:
    """The generations in raw after record `number` that were not there after the other one."""
    found = connection.execute(
        "SELECT * FROM landed WHERE since <= :here AND until > :here"
        " AND NOT (since <= :other AND until > :other) ORDER BY source, path",
        {"here": number, "other": other},
    )
    return {(row["source"], row["path"]): rows.landed(row) for row in found}


def _commit(record: AnyRecord) -> str | None:
    if record.git is None:
        return None
    dirty = record.git.dirty_sha256
    return f"{record.git.commit} with changes {dirty[:12]}" if dirty else record.git.commit


def _environment(found: Environment) -> dict[str, str | None]:
    return {"python": found.python, "digest": found.digest, "lock": found.lock}


def _packages(ledger: Ledger, before: str, after: str) -> tuple[Change, ...] | None:
    if before == after:
        return ()
    texts = [ledger.place.read(layout.environment_path(digest)) for digest in (before, after)]
    old, new = texts
    return changes(_installed(old), _installed(new)) if old is not None and new is not None else None


def _installed(text: bytes) -> dict[str, str]:
    lines = (line.partition("==") for line in text.decode().splitlines())
    return {name: version for name, _, version in lines}


def _outputs(record: RunRecord | None) -> dict[str, str]:
    return {out.path: out.md5 for out in record.outputs} if record else {}
