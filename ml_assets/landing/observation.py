"""What a listing pass found, as an observation of the asset `raw`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster import AssetKey, AssetObservation

if TYPE_CHECKING:
    from ml_assets.landing.hearing import Heard
    from ml_assets.landing.reconcile import Pass


def observation(raw: AssetKey, passed: Pass, heard: Heard | None) -> AssetObservation:
    """Counts of objects, and how long the pass took; with a queue, what only the listing found."""
    seconds = (passed.ended - passed.begun).total_seconds() if passed.ended else 0.0
    metadata: dict[str, Any] = {
        "listed": passed.listed,
        "new": passed.new,
        "missing": passed.missing,
        "listing_seconds": round(seconds, 3),
    }
    if heard:
        metadata |= {
            "found_by_listing_alone": passed.new,
            "messages": heard.received,
            "duplicate_events": heard.same + heard.older,
            "queue_depth": heard.depth,
            "dead_letters": heard.dead_letters,
            "poison_messages": heard.poison,
            "undeleted_messages": heard.undeleted,
        }
        if heard.oldest_age_seconds is not None:
            metadata["oldest_message_age_seconds"] = round(heard.oldest_age_seconds, 3)
    return AssetObservation(
        asset_key=raw, description=f"{passed.listed} objects are in the landing zone", metadata=metadata
    )
