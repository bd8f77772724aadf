"""Writes the JSON Schema of a ledger's record: run it after a change of their fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from ml_assets.ledger.record import SCHEMA, AnyRecord

PLACE = Path(__file__).parent.parent / "docs" / "reference" / "record.schema.json"


def record_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of every kind of record, as it is stored."""
    adapter: TypeAdapter[AnyRecord] = TypeAdapter(Annotated[AnyRecord, Field(discriminator="kind")])
    schema = adapter.json_schema(mode="serialization", by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Record of an ml_assets ledger, schema {SCHEMA}",
        **schema,
    }


def text() -> str:
    return json.dumps(record_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PLACE.write_text(text(), encoding="utf-8")
