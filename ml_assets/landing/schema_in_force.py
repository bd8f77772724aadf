"""The schema in force of each source: what its contract declares, and the columns that it has grown since.

It lies in raw as `.schema.json`, so that DVC keeps it with the data that it is about. Only intakes write it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from ml_assets.landing.contract import Contract, Contracts, policy_of
from ml_assets.landing.errors import SchemaUnreadable
from ml_assets.ledger.record import SchemaDrift

SCHEMA_FILE = ".schema.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnInForce:
    """A column that is not `declared` was new in some file: later ones may lack it, and may not retype it."""

    type: str
    nullable: bool = True
    declared: bool = True


Columns = Mapping[str, ColumnInForce]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSchema:
    columns: Columns
    policy: str

    @property
    def fingerprint(self) -> str:
        """Equal for equal columns, in whatever order; the policy changes no data, and is not in it."""
        return _digest({name: asdict(column) for name, column in self.columns.items()})

    @property
    def grown(self) -> dict[str, str]:
        """The types of columns that no contract declares."""
        return {name: column.type for name, column in self.columns.items() if not column.declared}


Schemas = Mapping[str, SourceSchema]


def declared_types(contract: Contract) -> dict[str, Any]:
    """The Polars type of each declared column."""
    return {name: column.dtype for name, column in contract.schema.columns().items()}


def next_schemas(
    contracts: Contracts, before: Schemas, new_columns: Iterable[tuple[str, Mapping[str, str]]]
) -> Schemas:
    """What is in force once files with these new columns (by source) are in raw."""
    grown: dict[str, dict[str, str]] = {
        source: dict(before[source].grown) if source in before else {} for source in contracts
    }
    for source, columns in new_columns:
        grown[source] = {**columns, **grown[source]}
    return {source: _source_schema(contract, grown[source]) for source, contract in contracts.items()}


def drift(before: Schemas, after: Schemas) -> Iterator[SchemaDrift]:
    """What changed of each source; one that had no schema before has not drifted."""
    for source, schema in after.items():
        if source in before and before[source].fingerprint != schema.fingerprint:
            old, new = before[source].columns, schema.columns
            yield SchemaDrift(
                source=source,
                new=tuple(name for name in new if name not in old),
                missing=tuple(name for name in old if name not in new),
                retyped=tuple(name for name in new if name in old and not _is_same(new[name], old[name])),
            )


def fingerprint(schemas: Schemas) -> str:
    return _digest({source: schema.fingerprint for source, schema in schemas.items()})


def schemas_text(schemas: Schemas) -> str:
    """The content of `.schema.json`; equal for equal schemas."""
    content = {
        source: {
            "policy": schema.policy,
            "fingerprint": schema.fingerprint,
            "columns": {name: asdict(column) for name, column in schema.columns.items()},
        }
        for source, schema in sorted(schemas.items())
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def read_schemas(text: str | None, *, where: str) -> Schemas:
    """The schemas of `.schema.json`; none where it is not there. Raises SchemaUnreadable."""
    if text is None:
        return {}
    try:
        return {
            source: SourceSchema(
                policy=fields["policy"],
                columns={name: ColumnInForce(**column) for name, column in fields["columns"].items()},
            )
            for source, fields in json.loads(text).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SchemaUnreadable(where=where, cause=f"{type(error).__name__}: {error}") from error


def _source_schema(contract: Contract, grown: Mapping[str, str]) -> SourceSchema:
    declared = {
        name: ColumnInForce(type=str(column.dtype), nullable=column.nullable)
        for name, column in contract.schema.columns().items()
    }
    policy = policy_of(contract)
    more = {
        name: ColumnInForce(type=type_, declared=False)
        for name, type_ in grown.items()
        if policy == "evolve" and name not in declared
    }
    return SourceSchema(columns={**declared, **more}, policy=policy)


def _is_same(one: ColumnInForce, other: ColumnInForce) -> bool:
    return one.type == other.type and one.nullable == other.nullable


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()
