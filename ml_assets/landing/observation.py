"""What a listing pass found, as an observation of the asset `raw`."""

from __future__ import annotations

from dagster import AssetKey, AssetObservation

from ml_assets.landing.reconcile import Pass


def observation(raw: AssetKey, passed: Pass) -> AssetObservation:
    """Counts of objects, and how long the pass took."""
    seconds = (passed.ended - passed.begun).total_seconds() if passed.ended else 0.0
    metadata = {
        "listed": passed.listed,
        "new": passed.new,
        "missing": passed.missing,
        "listing_seconds": round(seconds, 3),
    }
    return AssetObservation(
        asset_key=raw, description=f"{passed.listed} objects are in the landing zone", metadata=metadata
    )
