"""Makes landed objects and ledger state for the tests of pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ml_assets.landing.journal.batches import OPEN, Batch
from ml_assets.landing.objects import LandedObject
from ml_assets.ledger.record import Environment, IntakeDraft, IntakeRecord, Landed, Quarantined

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LONG_AGO = timedelta(hours=1)


def landed(key: str, etag: str = "a", *, size: int = 1, ago: timedelta = LONG_AGO) -> LandedObject:
    """An object below `landing/` of a bucket `b`, landed `ago` before noon."""
    return LandedObject("b", f"landing/{key}", etag, size, NOON - ago)


def intake(
    number: int, *items: Landed | Quarantined, dvc_files: dict[str, str] | None = None
) -> IntakeRecord:
    draft = IntakeDraft(
        actor="someone",
        host="here",
        environment=Environment(python="3.11", digest="0"),
        landed=tuple(item for item in items if isinstance(item, Landed)),
        quarantined=tuple(item for item in items if isinstance(item, Quarantined)),
        dvc_files=dvc_files or {},
    )
    record = draft.numbered(number=number, previous=None)
    assert isinstance(record, IntakeRecord)
    return record


def as_landed(item: LandedObject) -> Landed:
    path = item.key.removeprefix("landing/")
    return Landed(bucket=item.bucket, key=item.key, etag=item.etag, size=item.size, sha256="0", path=path)


def as_quarantined(item: LandedObject) -> Quarantined:
    return Quarantined(bucket=item.bucket, key=item.key, etag=item.etag, size=item.size, reason="bad")


def batch(name: str) -> Batch:
    """An open batch of one object."""
    return Batch(id=name, sealed_at=NOON, files=1, bytes=1, at_record=0, state=OPEN)
