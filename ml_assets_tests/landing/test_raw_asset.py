"""Materializing `raw`: what is new is taken in, and the page says what happened."""

from typing import Any

from dagster import DagsterInstance, ExecuteInProcessResult, materialize

from ml_assets.assets import DvcProject, DvcResource, source_spec
from ml_assets.landing.assets import build_raw_asset
from ml_assets.landing.s3_settings import LandingS3
from ml_assets_tests.landing.site import BAD, Site, rows


def materialize_raw(site: Site, **settings: object) -> ExecuteInProcessResult:
    project = DvcProject(site.root)
    intake = build_raw_asset(
        spec=source_spec(project=project, path="data/raw"),
        settings=site.settings.model_copy(update=settings),
        project=project,
        ledger=site.ledger,
        dvc=DvcResource(project_dir=str(site.root), remote=site.remote),
        home=site.root,
    )
    with DagsterInstance.ephemeral() as instance:
        return materialize(
            [intake], resources={"landing_s3": LandingS3()}, instance=instance, raise_on_error=False
        )


def shown(result: ExecuteInProcessResult) -> tuple[str, dict[str, Any]]:
    """Data version and metadata of the one materialization."""
    (event,) = result.get_asset_materialization_events()
    materialization = event.step_materialization_data.materialization
    metadata = {name: value.value for name, value in materialization.metadata.items()}
    return (materialization.tags or {})["dagster/data_version"], metadata


def failure(result: ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    data = event.step_failure_data.user_failure_data
    assert data is not None
    return str(data.description)


def test_the_data_version_is_dvcs_hash_and_the_page_counts_what_landed(site: Site) -> None:
    site.put(1, rows(1, 10))
    site.put(2, rows(2, 20))
    version, metadata = shown(materialize_raw(site))
    assert version == site.raw.md5()
    assert (metadata["landed"], metadata["quarantined"], metadata["dvc/files"]) == (2, 0, 3)
    assert metadata["landed_by_folder"] == {"numbers": 2}
    assert metadata["ledger/record"] == 1
    assert metadata["batch_files"] == 2
    assert 0 <= metadata["lag_seconds_p50"] <= metadata["lag_seconds_p95"] <= metadata["lag_seconds_max"]


def test_a_bad_file_is_shown_with_its_reason_and_stops_nobody(site: Site) -> None:
    site.put(1, BAD)
    site.put(2, rows(2, 20))
    _, metadata = shown(materialize_raw(site))
    assert (metadata["landed"], metadata["quarantined"]) == (1, 1)
    (row,) = metadata["quarantine"].records
    assert row.data["key"] == "landing/numbers/2013-01-01.csv"
    assert "number" in row.data["reason"]


def test_nothing_new_is_the_same_version_and_no_record(site: Site) -> None:
    site.put(1, rows(1, 10))
    first, _ = shown(materialize_raw(site))
    again, metadata = shown(materialize_raw(site))
    assert again == first
    assert metadata["landed"] == 0
    assert len(site.records()) == 1


def test_an_empty_landing_zone_fails_with_what_to_do(site: Site) -> None:
    result = materialize_raw(site)
    assert not result.success
    assert f"no usable file in s3://{site.bucket}/landing/" in failure(result)


def test_a_wrong_bucket_fails_with_its_name(site: Site) -> None:
    result = materialize_raw(site, bucket="no-such-bucket")
    assert "There is no bucket 'no-such-bucket'" in failure(result)
