"""What a record says of an object that was taken in, or refused."""

from __future__ import annotations

from ml_assets.landing.check import Accepted, Refused
from ml_assets.ledger.record import Landed, Quarantined


def landed(each: Accepted, superseded: str | None) -> Landed:
    """`superseded` is the ETag of the generation that was in raw before."""
    of, cleaned = each.object, each.conforming.cleaned
    return Landed(
        bucket=of.bucket,
        key=of.key,
        version_id=each.fetched.version_id,
        etag=of.etag,
        size=of.size,
        sha256=each.fetched.sha256,
        path=str(each.relative),
        superseded=superseded,
        rows=each.conforming.rows,
        rejected_rows=cleaned.rejected_rows if cleaned else 0,
        unknown_columns=cleaned.unknown_columns if cleaned else (),
        cleaned_sha256=cleaned.sha256 if cleaned else None,
    )


def quarantined(each: Refused) -> Quarantined:
    of = each.object
    return Quarantined(
        bucket=of.bucket,
        key=of.key,
        version_id=each.fetched.version_id,
        etag=of.etag,
        size=of.size,
        reason=each.reason,
        cause=each.cause,
    )
