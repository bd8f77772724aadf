"""The asset checks of raw: each passes, and each warns, by what ledger and journal say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetKey,
    DagsterInstance,
    Definitions,
    materialize,
)

from ml_assets.assets import DvcProject, DvcResource, source_spec
from ml_assets.landing.assets import build_raw_asset
from ml_assets.landing.health import feed_freshness, quarantine_ratio, schema_drift
from ml_assets.landing.raw_checks import build_raw_checks
from ml_assets.landing.s3_settings import LandingS3
from ml_assets.ledger.record import IntakeRecord, Landed, SchemaDrift
from ml_assets_tests.landing.policies import table, under
from ml_assets_tests.landing.site import BAD, Site, rows
from ml_assets_tests.ledger.drafts import chained, intake, landed, quarantined

NOW = datetime(2013, 3, 1, 12, tzinfo=UTC)


def materialized(site: Site) -> tuple[dict[str, AssetCheckEvaluation], dict[str, Any]]:
    """The checks of one materialization by name, and its metadata."""
    project = DvcProject(site.root)
    spec = source_spec(project=project, path="data/raw")
    raw = build_raw_asset(
        spec=spec,
        settings=site.settings,
        project=project,
        ledger=site.ledger,
        dvc=DvcResource(project_dir=str(site.root), remote=site.remote),
        home=site.root,
    )
    checks = build_raw_checks(raw=spec.key, settings=site.settings, ledger=site.ledger, root=site.root)
    with DagsterInstance.ephemeral() as instance:
        result = materialize([raw, checks], resources={"landing_s3": LandingS3()}, instance=instance)
    (event,) = result.get_asset_materialization_events()
    found = event.step_materialization_data.materialization.metadata
    evaluations = {each.check_name: each for each in result.get_asset_check_evaluations()}
    return evaluations, {name: value.value for name, value in found.items()}


def checked(site: Site) -> dict[str, AssetCheckEvaluation]:
    """The checks by name, by themselves."""
    checks = build_raw_checks(raw=AssetKey("raw"), settings=site.settings, ledger=site.ledger, root=site.root)
    with DagsterInstance.ephemeral() as instance:
        job = Definitions(asset_checks=[checks]).resolve_implicit_global_asset_job_def()
        found = job.execute_in_process(instance=instance).get_asset_check_evaluations()
    return {each.check_name: each for each in found}


def test_all_pass_where_all_is_well(site: Site) -> None:
    healthy = under(site, "quarantine", freshness_hours=1)
    healthy.put(1, rows(1, 10))

    checks, metadata = materialized(healthy)

    assert {name: check.passed for name, check in checks.items()} == {
        "schema_drift": True,
        "quarantine_ratio": True,
        "feed_freshness": True,
    }
    (record,) = healthy.records()
    assert metadata["schema_fingerprint"] == record.schema_fingerprint
    assert metadata["rejected_rows"] == 0
    assert "schema_drift" not in metadata


def test_a_new_column_is_a_drift_that_warns_and_is_shown(site: Site) -> None:
    open_ = under(site, "evolve")
    open_.put(1, rows(1, 10))
    open_.take_in()
    open_.put(2, table(2, "20,red"))

    checks, metadata = materialized(open_)

    drift = checks["schema_drift"]
    assert (drift.passed, drift.severity) == (False, AssetCheckSeverity.WARN)
    assert drift.description == "record 2: 'numbers' has new colour"
    (row,) = metadata["schema_drift"].records
    assert row.data == {"source": "numbers", "column": "colour", "change": "new"}

    open_.put(3, rows(3, 30))
    open_.take_in()
    assert checked(open_)["schema_drift"].passed


def test_a_file_that_was_refused_for_its_columns_is_a_drift_and_one_for_its_rows_is_none(site: Site) -> None:
    site.put(1, rows(1, 10))
    site.put(2, BAD)
    site.take_in()
    assert checked(site)["schema_drift"].passed
    site.put(3, table(3, "30,red"))
    site.take_in()

    drift = checked(site)["schema_drift"]

    assert not drift.passed
    assert "unexpected column: colour" in (drift.description or "")


def test_rows_that_were_rescued_are_counted_and_too_many_warn(site: Site) -> None:
    mild = under(site, "rescue", quarantine_ratio=0.3)
    mild.put(1, table(1, "10", "11", "12", "many", columns="date,number"))

    checks, metadata = materialized(mild)

    assert metadata["rejected_rows"] == 1
    ratio = checks["quarantine_ratio"]
    assert ratio.passed
    assert ratio.metadata["rows_refused"].value == pytest.approx(0.25)

    strict = under(site, "rescue", quarantine_ratio=0.2)
    assert not checked(strict)["quarantine_ratio"].passed


def test_freshness_is_asked_only_where_it_is_set_and_warns_when_nothing_new_came(site: Site) -> None:
    site.put(1, rows(1, 10))
    site.take_in()
    assert "feed_freshness" not in checked(site)
    impatient = under(site, "quarantine", freshness_hours=1e-9)

    check = checked(impatient)["feed_freshness"]

    assert (check.passed, check.severity) == (False, AssetCheckSeverity.WARN)


def test_freshness_is_known_where_the_journal_was_lost(site: Site) -> None:
    patient = under(site, "quarantine", freshness_hours=1)
    patient.put(1, rows(1, 10))
    patient.take_in()
    for file in (site.root / ".ml_assets").glob("landing.sqlite*"):
        file.unlink()

    assert checked(patient)["feed_freshness"].passed


def test_freshness_is_not_that_of_what_was_refused(site: Site) -> None:
    site.put(1, rows(1, 10))
    site.take_in()
    after = datetime.now(UTC)
    site.put(2, BAD)
    site.take_in()

    check = checked(under(site, "quarantine", freshness_hours=1))["feed_freshness"]

    newest = datetime.fromisoformat(str(check.metadata["newest"].value))
    assert newest <= after


def only(*items: Any, **fields: Any) -> IntakeRecord:
    (record,) = chained(intake(*items, **fields))
    assert isinstance(record, IntakeRecord)
    return record


def with_rows(count: int, rejected: int) -> Landed:
    return landed("landing/a.csv").model_copy(update={"rows": count, "rejected_rows": rejected})


@pytest.mark.parametrize(
    ("record", "passed"),
    [
        (only(*(landed(f"landing/{name}") for name in range(9)), quarantined("landing/x")), True),
        (only(*(landed(f"landing/{name}") for name in range(8)), quarantined("landing/x")), False),
        (only(with_rows(100, 10)), True),
        (only(with_rows(100, 11)), False),
        (only(quarantined("landing/x")), False),
        (only(), True),
        (None, True),
    ],
)
def test_the_ratio_is_of_files_and_of_rows(record: IntakeRecord | None, *, passed: bool) -> None:
    assert quarantine_ratio(record, most=0.1).passed == passed


def test_columns_that_rescue_took_out_are_a_drift() -> None:
    moved = landed("landing/a.csv").model_copy(update={"unknown_columns": ("fare",)})

    assert not schema_drift(only(moved)).passed
    assert "fare" in schema_drift(only(moved)).says
    assert not schema_drift(only(drift=(SchemaDrift(source="trips", retyped=("miles",)),))).passed
    assert schema_drift(only(landed("landing/a.csv"))).passed
    assert schema_drift(None).passed


def test_the_age_is_that_of_the_newest_object() -> None:
    assert feed_freshness(NOW - timedelta(hours=2), hours=2, now=NOW).passed
    assert not feed_freshness(NOW - timedelta(hours=2, seconds=1), hours=2, now=NOW).passed
    assert not feed_freshness(None, hours=2, now=NOW).passed


def test_the_checks_are_of_the_asset_that_grows() -> None:
    from ml_assets.definitions import defs

    keys = defs.resolve_asset_graph().asset_check_keys
    names = {key.name for key in keys if key.asset_key == AssetKey("raw")}
    assert {"schema_drift", "quarantine_ratio"} <= names
    assert "feed_freshness" not in names
