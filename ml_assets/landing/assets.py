"""The asset `raw`: materializing it takes in what is new in the landing bucket."""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    AssetSpec,
    DataVersion,
    Failure,
    MaterializeResult,
    MetadataValue,
    TableRecord,
    multi_asset,
)

from ml_assets.assets.keys import META_KEY_RECORD, META_KEY_RECORD_DIGEST
from ml_assets.assets.metadata import paths_metadata
from ml_assets.assets.process_identity import identify
from ml_assets.assets.resource import DvcResource
from ml_assets.dvc.errors import DvcBridgeError
from ml_assets.dvc.lockfile import LockedPath, read_dvc_file
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.remotes import remote_url
from ml_assets.landing.errors import LandingError
from ml_assets.landing.s3_settings import LandingS3
from ml_assets.landing.settings import LandingSettings
from ml_assets.ledger.errors import LedgerError
from ml_assets.ledger.store import Ledger

if TYPE_CHECKING:
    from ml_assets.dvc.tracked import TrackedFolder
    from ml_assets.landing.intake import IntakeResult

SHOWN_ROWS = 50


def build_raw_asset(
    *,
    spec: AssetSpec,
    settings: LandingSettings,
    project: DvcProject,
    ledger: Ledger,
    dvc: DvcResource,
    home: Path,
) -> AssetsDefinition:
    """The asset of the folder `settings.into`; its data version is DVC's hash of the folder.

    `home` is the checkout: `project` itself, or what it is production's clone of.
    """
    remote = dvc.remote

    where = f"s3://{settings.bucket}/{settings.prefix}"
    spec = spec.replace_attributes(
        description=spec.description or f"What has landed in {where}, tracked by DVC in {settings.into}"
    )

    @multi_asset(name=f"{spec.key.path[-1]}_intake", specs=[spec])
    def intake(context: AssetExecutionContext, landing_s3: LandingS3) -> Iterator[MaterializeResult[None]]:
        # Here, since a code location loads this module and never takes anything in.
        from ml_assets.dvc.tracked import TrackedFolder
        from ml_assets.landing.intake import take_in
        from ml_assets.landing.runs import NO_BATCH, TAG_BATCH
        from ml_assets.ledger.origin import collect
        from ml_assets.ledger.record import DagsterRun
        from ml_assets.ledger.run_record import state_paths

        identify(context)
        dvc.bring_to_newest(context)
        folder = TrackedFolder(project.root, settings.into)
        batch = context.run.tags.get(TAG_BATCH)
        run = DagsterRun(run_id=context.run_id, job=context.job_name)
        try:
            result = take_in(
                client=landing_s3.client(),
                settings=settings,
                ledger=ledger,
                raw=folder,
                remote=remote,
                origin=lambda: collect(project.root, without=state_paths(project.manifest()), dagster=run),
                progress=context.log.info,
                batch=None if batch == NO_BATCH else batch,
                look=batch is None,
                home=home,
            )
        except (LandingError, LedgerError, DvcBridgeError) as error:
            raise Failure(str(error)) from error
        yield _materialization(spec, settings, folder, result, dvc)

    return intake


def _materialization(
    spec: AssetSpec,
    settings: LandingSettings,
    folder: "TrackedFolder",
    result: "IntakeResult",
    dvc: DvcResource,
) -> MaterializeResult[None]:
    tracked = read_dvc_file(folder.dvc_file)
    if tracked is None:
        raise Failure(
            f"Nothing has landed yet: there is no usable file in s3://{settings.bucket}/{settings.prefix}. "
            f"Put files there, and materialize again; '{folder.relative}' is made from them. What was "
            "refused, and why, is in `ml-assets log --json` under `quarantined`."
        )
    url = remote_url(folder.root, dvc.remote)
    return MaterializeResult(
        asset_key=spec.key,
        data_version=DataVersion(tracked.md5),
        metadata={
            **paths_metadata((_named(tracked, settings.into),), url),
            **_intake_metadata(result),
            **dvc.link(),
        },
    )


def _named(tracked: LockedPath, path: str) -> LockedPath:
    return LockedPath(path, tracked.md5, tracked.size, tracked.files)


def _intake_metadata(result: "IntakeResult") -> dict[str, Any]:
    """What this intake did, in numbers and as tables of its first rows."""
    metadata: dict[str, Any] = {
        "landed": len(result.landed),
        "landed_bytes": sum(each.size for each in result.landed),
        "superseded": sum(each.superseded is not None for each in result.landed),
        "quarantined": len(result.quarantined),
        "rejected_rows": sum(each.rejected_rows for each in result.landed),
        "waiting": len(result.waiting),
        "unread": len(result.unread),
        "vanished": len(result.vanished),
        "deleted_upstream": sum(each.how == "deleted" for each in result.record.gone) if result.record else 0,
        "landed_by_folder": MetadataValue.json(
            dict(Counter(each.path.rpartition("/")[0] for each in result.landed))
        ),
    }
    if result.batch:
        metadata |= {"batch": result.batch.id, "batch_files": result.batch.files}
    metadata |= _lag_metadata(result.lags)
    if result.record:
        metadata |= {META_KEY_RECORD: result.record.number, META_KEY_RECORD_DIGEST: result.record.digest}
    metadata |= _schema_metadata(result)
    if result.unread:
        metadata["unread_objects"] = MetadataValue.json(
            {each.object.key: str(each.error) for each in result.unread[:SHOWN_ROWS]}
        )
    if result.quarantined:
        rows = [
            TableRecord({"key": each.key, "reason": each.reason, "etag": each.etag})
            for each in result.quarantined[:SHOWN_ROWS]
        ]
        metadata["quarantine"] = MetadataValue.table(rows)
    return metadata


def _schema_metadata(result: "IntakeResult") -> dict[str, Any]:
    """The schema in force after this intake, and what it changed in it, a row a column."""
    record = result.record
    metadata: dict[str, Any] = {}
    if record and record.schema_fingerprint:
        metadata["schema_fingerprint"] = record.schema_fingerprint
    if record and record.drift:
        rows = [
            TableRecord({"source": each.source, "column": column, "change": change})
            for each in record.drift
            for change in ("new", "missing", "retyped")
            for column in getattr(each, change)
        ]
        metadata["schema_drift"] = MetadataValue.table(rows[:SHOWN_ROWS])
    return metadata


def _lag_metadata(lags: Sequence[float]) -> dict[str, float]:
    """From landing to commit, in seconds: half of the objects, and 19 of 20, took no longer than that."""
    if not lags:
        return {}
    ordered = sorted(lags)
    at = {"p50": 0.5, "p95": 0.95, "max": 1.0}
    return {f"lag_seconds_{name}": ordered[ceil(share * len(ordered)) - 1] for name, share in at.items()}
