"""What an intake does to the schema in force: nothing mostly, or a new `.schema.json` beside its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_assets.dvc.files import replace_file
from ml_assets.landing.check import Accepted, Standard
from ml_assets.landing.contract import Contracts
from ml_assets.landing.errors import SchemaMoved
from ml_assets.landing.formats.reading import Reading
from ml_assets.landing.schema_in_force import (
    SCHEMA_FILE,
    drift,
    fingerprint,
    next_schemas,
    read_schemas,
    schemas_text,
)
from ml_assets.ledger.record import SchemaDrift


@dataclass(frozen=True, kw_only=True)
class SchemaStep:
    """`text` is the new content of `.schema.json`; None when it stays as it is, or there is none."""

    text: str | None = None
    fingerprint: str | None = None
    drift: tuple[SchemaDrift, ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """What the record says of it."""
        return {"schema_fingerprint": self.fingerprint, "drift": self.drift}

    def stage(self, scratch: Path) -> Path:
        """The new content, in the file `scratch` outside of raw."""
        scratch.parent.mkdir(parents=True, exist_ok=True)
        replace_file(scratch, self.text or "")
        return scratch


@dataclass(frozen=True, kw_only=True)
class SchemaKeeper:
    """The schema that a batch is checked with; `before` is the text of raw's `.schema.json` then."""

    raw: Path
    contracts: Contracts | None
    before: str | None

    @classmethod
    def of(cls, raw: Path, contracts: Contracts | None) -> SchemaKeeper:
        return cls(raw=raw, contracts=contracts, before=_text(raw) if contracts is not None else None)

    def standard(self, reading: Reading) -> Standard:
        """Raises SchemaUnreadable."""
        in_force = read_schemas(self.before, where=str(self.raw / SCHEMA_FILE))
        return Standard(contracts=self.contracts, in_force=in_force, reading=reading)

    def after(self, accepted: Sequence[Accepted]) -> SchemaStep:
        """What is in force with these files in raw, which must be whole.

        Raises SchemaMoved when raw's schema is not the one that they were checked with.
        """
        if self.contracts is None:
            return SchemaStep()
        before = read_schemas(self.before, where=str(self.raw / SCHEMA_FILE))
        if not accepted:
            return SchemaStep(fingerprint=fingerprint(before) if before else None)
        if (found := _text(self.raw)) != self.before:
            raise SchemaMoved(found=found)
        after = next_schemas(
            self.contracts, before, ((each.source, each.conforming.new_columns) for each in accepted)
        )
        text = schemas_text(after)
        return SchemaStep(
            text=None if text == self.before else text,
            fingerprint=fingerprint(after),
            drift=tuple(drift(before, after)),
        )


def _text(raw: Path) -> str | None:
    file = raw / SCHEMA_FILE
    return file.read_text(encoding="utf-8") if file.exists() else None
