"""The published JSON Schema is that of the records that are written."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ml_assets.ledger.record import GcDraft, PinDraft
from ml_assets_tests.ledger.drafts import ORIGIN, a_run, chained, intake, landed, quarantined

ROOT = Path(__file__).parent.parent.parent
PLACE = ROOT / "docs" / "reference" / "record.schema.json"


def test_the_published_schema_is_up_to_date() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "record_schema.py"))

    assert PLACE.read_text(encoding="utf-8") == script["text"](), "run python scripts/record_schema.py"


def test_records_of_every_kind_conform_and_others_do_not() -> None:
    schema: dict[str, Any] = json.loads(PLACE.read_text(encoding="utf-8"))
    records = chained(
        intake(landed("landing/a.csv"), quarantined("landing/b.csv")),
        a_run(metrics={"metrics.json": {"auc": 0.7}}),
        PinDraft(**dict(ORIGIN), commit="c" * 40),
        GcDraft(**dict(ORIGIN), remote="s3://b/x", keep=("all",), objects=1, size=1),
    )

    for record in records:
        jsonschema.validate(json.loads(record.canonical()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**json.loads(records[0].canonical()), "more": 1}, schema)
