"""The asset `ledger`: the newest record and runs in Dagster's page, and a check that all of it is intact."""

# No `from __future__ import annotations`: Dagster looks at the annotations of the functions.
import warnings
from pathlib import Path
from typing import Any

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetSelection,
    BetaWarning,
    Config,
    DataVersion,
    Definitions,
    Failure,
    MetadataValue,
    ObserveResult,
    ScheduleDefinition,
    asset_check,
    define_asset_job,
    observable_source_asset,
)
from pydantic import Field

from ml_assets.assets.keys import META_KEY_RECORD, META_KEY_RECORD_DIGEST
from ml_assets.dvc.project import DvcProject
from ml_assets.errors import ForeseenError
from ml_assets.ledger.store import Ledger

LEDGER_ASSET = "ledger"
CHECK = "intact"
RUNS = 10
FOUND_SHOWN = 20
DAILY = "0 4 * * *"
NOTHING_YET = "no record yet"


class VerifyConfig(Config):
    """How thoroughly the ledger is verified."""

    deep: bool = Field(default=False, description="Read every object whole, and compare its bytes.")


def build_ledger_definitions(
    *,
    project: DvcProject,
    ledger: Ledger,
    remote: str | None,
    home: Path,
    name: str,
    key: AssetKey,
    group: str | None = None,
) -> Definitions:
    """The asset, its check, and a daily schedule that is off until somebody turns it on.

    `home` is the checkout, where the index is kept.
    """

    def records() -> ObserveResult:
        # Its data version is the newest record's digest, in which all before it are named.
        told = _told(ledger, home)
        version = DataVersion(told.get(META_KEY_RECORD_DIGEST, NOTHING_YET))
        return ObserveResult(data_version=version, metadata=told)

    with warnings.catch_warnings():
        # It would say so each time that a code location loads, and nobody can act on it.
        warnings.simplefilter("ignore", BetaWarning)
        observable = observable_source_asset(
            key=key,
            group_name=group,
            description=f"The records of all runs and landings, in {ledger.url}",
        )
        asset = observable(records)

    @asset_check(
        asset=key,
        name=CHECK,
        description="All records, and all that they name on the DVC remote, are what they were",
    )
    def intact(context: AssetCheckExecutionContext, config: VerifyConfig) -> AssetCheckResult:
        from ml_assets.ledger.audit.verify import verify

        try:
            audit = verify(ledger, root=project.root, remote=remote, deep=config.deep)
        except ForeseenError as error:
            raise Failure(str(error)) from error
        for finding in audit.findings:
            context.log.error(str(finding))
        return AssetCheckResult(
            passed=audit.intact,
            description=None if audit.intact else f"{len(audit.findings)} found damaged or missing",
            metadata={
                "records": audit.records,
                "objects": audit.objects,
                "findings": MetadataValue.md("\n".join(f"- {each}" for each in audit.findings[:FOUND_SHOWN])),
            },
        )

    job = define_asset_job(
        f"{name}_ledger_audit",
        selection=AssetSelection.checks(AssetCheckSpec(CHECK, asset=key).key),
        description="Verifies the ledger",
    )
    return Definitions(
        assets=[asset], asset_checks=[intact], schedules=[ScheduleDefinition(job=job, cron_schedule=DAILY)]
    )


def _told(ledger: Ledger, home: Path) -> dict[str, Any]:
    from ml_assets.ledger.index.catch_up import open_index
    from ml_assets.ledger.index.listing import newest

    try:
        head = ledger.head()
        if head is None:
            return {"runs": MetadataValue.md(NOTHING_YET)}
        with open_index(ledger, root=home).reading() as connection:
            runs = newest(connection, limit=RUNS, kind="run")
    except ForeseenError as error:
        raise Failure(str(error)) from error
    rows = [
        f"| {each.number} | {each.time[:16].replace('T', ' ')} | {each.summary} |" for each in reversed(runs)
    ]
    return {
        META_KEY_RECORD: head.number,
        META_KEY_RECORD_DIGEST: head.digest,
        "kind": head.kind,
        "runs": MetadataValue.md("\n".join(["| record | time | what |", "|---|---|---|", *rows])),
    }
