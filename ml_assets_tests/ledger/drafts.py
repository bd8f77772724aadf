"""Drafts of records with telling defaults."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ml_assets.ledger.record import (
    AnyRecord,
    Draft,
    Environment,
    IntakeDraft,
    Landed,
    Origin,
    Quarantined,
    RunDraft,
)

BUCKET = "flights"
TIME = datetime(2013, 3, 1, 6, 0, tzinfo=UTC)
ORIGIN = Origin(
    actor="ada",
    host="laptop",
    environment=Environment(python="3.11.7", digest="e" * 64),
    params={"params.yaml": {"logreg": {"C": 1.0}}},
)


def landed(key: str, etag: str = "a", size: int = 3) -> Landed:
    path = key.removeprefix("landing/")
    return Landed(bucket=BUCKET, key=key, etag=etag, size=size, sha256="0" * 64, path=path)


def quarantined(key: str, etag: str = "a", size: int = 3) -> Quarantined:
    return Quarantined(bucket=BUCKET, key=key, etag=etag, size=size, reason="not a CSV")


def intake(*items: Landed | Quarantined, **fields: Any) -> IntakeDraft:
    return IntakeDraft(
        **(
            dict(ORIGIN)
            | {
                "time": TIME,
                "landed": [item for item in items if isinstance(item, Landed)],
                "quarantined": [item for item in items if isinstance(item, Quarantined)],
            }
            | fields
        )
    )


def a_run(**fields: Any) -> RunDraft:
    return RunDraft(**(dict(ORIGIN) | {"time": TIME, "dvc_lock": "schema: '2.0'\n"} | fields))


def chained(*drafts: Draft) -> list[AnyRecord]:
    """The drafts as records 1, 2, … of one chain."""
    records: list[AnyRecord] = []
    for number, draft in enumerate(drafts, start=1):
        previous = records[-1].digest if records else None
        records.append(draft.numbered(number=number, previous=previous))
    return records
