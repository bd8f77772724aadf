"""Asset checks of raw: did the schema drift, was too much refused, does the feed still come."""

# No `from __future__ import annotations`: Dagster looks at the annotations of the check function.
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    Failure,
    multi_asset_check,
)

from ml_assets.landing.errors import LandingError
from ml_assets.landing.settings import LandingSettings
from ml_assets.ledger.errors import LedgerError
from ml_assets.ledger.store import Ledger

if TYPE_CHECKING:
    from ml_assets.landing.health import Finding

DESCRIPTIONS = {
    "schema_drift": "The last intake neither changed the schema in force nor refused files for their columns",
    "quarantine_ratio": "The last intake refused no larger share of files or rows than the settings allow",
    "feed_freshness": "The newest object that was taken in is no older than the settings allow",
}


def build_raw_checks(
    *, raw: AssetKey, settings: LandingSettings, ledger: Ledger, root: Path
) -> AssetChecksDefinition:
    """The checks of the asset that grows; `feed_freshness` only where `freshness_hours` is set.

    They warn, and stop nothing: what was taken in is good, whatever was refused beside it. They run whenever
    raw is materialized, and by themselves.
    """
    names = [
        name for name in DESCRIPTIONS if name != "feed_freshness" or settings.freshness_hours is not None
    ]
    specs = [AssetCheckSpec(name, asset=raw, description=DESCRIPTIONS[name]) for name in names]

    @multi_asset_check(name=f"{raw.path[-1]}_landing_checks", specs=specs, can_subset=True)
    def check(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        for key in sorted(context.selected_asset_check_keys):
            try:
                finding = _finding(key.name, settings, ledger, root)
            except (LandingError, LedgerError) as error:
                raise Failure(str(error)) from error
            yield AssetCheckResult(
                passed=finding.passed,
                asset_key=raw,
                check_name=key.name,
                severity=AssetCheckSeverity.WARN,
                description=finding.says,
                metadata=dict(finding.facts),
            )

    return check


def _finding(name: str, settings: LandingSettings, ledger: Ledger, root: Path) -> "Finding":
    # Here, since a code location loads this module and checks nothing.
    from ml_assets.landing.health import feed_freshness, quarantine_ratio, schema_drift
    from ml_assets.ledger.newest import newest_intake

    if name == "schema_drift":
        return schema_drift(newest_intake(ledger))
    if name == "quarantine_ratio":
        return quarantine_ratio(newest_intake(ledger), most=settings.quarantine_ratio)
    newest = _newest_landed(settings, ledger, root)
    return feed_freshness(newest, hours=settings.freshness_hours or 0, now=datetime.now(UTC))


def _newest_landed(settings: LandingSettings, ledger: Ledger, root: Path) -> datetime | None:
    from ml_assets.landing.health import newest_landed
    from ml_assets.landing.history import History
    from ml_assets.landing.intake import open_journal

    journal = open_journal(settings, root)
    into = PurePosixPath(settings.into)
    # What others have taken in is in the ledger first.
    History.read(journal, ledger, str(into.with_name(f"{into.name}.dvc")))
    with journal.reading() as connection:
        at = newest_landed(connection)
    return None if at is None else datetime.fromtimestamp(at, UTC)
