"""The asset `ledger` in Dagster: the newest runs as a table, a check of all, a schedule that is off."""

from __future__ import annotations

from pathlib import Path

from dagster import AssetKey, DagsterInstance, DefaultScheduleStatus, Definitions

from ml_assets.assets import DvcProject
from ml_assets.code_location import build_definitions
from ml_assets.ledger.store import Ledger
from ml_assets_tests.factories import write
from ml_assets_tests.production.by_hand import copied

JOB = "pipeline_ledger_audit"


def definitions(root: Path) -> Definitions:
    return build_definitions(DvcProject(root))


def test_an_observation_shows_the_newest_record_and_the_runs(two_days: Path, tmp_path: Path) -> None:
    root = copied(two_days, tmp_path)
    with DagsterInstance.ephemeral() as instance:
        job = definitions(root).resolve_implicit_job_def_def_for_assets([AssetKey("ledger")])
        assert job is not None
        result = job.execute_in_process(instance=instance, asset_selection=[AssetKey("ledger")])
        (event,) = [each for each in result.all_events if each.event_type_value == "ASSET_OBSERVATION"]
    observed = event.asset_observation_data.asset_observation
    head = Ledger.open(".ml_assets/ledger", root=root).head()

    assert head is not None
    assert observed.metadata["ledger/record"].value == head.number == 2
    assert (observed.tags or {})["dagster/data_version"] == head.digest
    runs = str(observed.metadata["runs"].value)
    assert [line.split("|")[1].strip() for line in runs.splitlines()[2:]] == ["2", "1"]
    assert "auc 0.0300" in runs


def test_a_run_links_its_assets_to_the_ledger(two_days: Path, tmp_path: Path) -> None:
    root = copied(two_days, tmp_path)
    write(root, {"params.yaml": "factor: 5\n"})
    keys = [AssetKey("total"), AssetKey("model")]
    with DagsterInstance.ephemeral() as instance:
        job = definitions(root).resolve_implicit_job_def_def_for_assets(keys)
        assert job is not None
        result = job.execute_in_process(instance=instance, asset_selection=keys)
        observed = [each for each in result.all_events if each.event_type_value == "ASSET_OBSERVATION"]

    links = {each.asset_observation_data.asset_observation.metadata["ledger"].value for each in observed}
    assert links == {AssetKey("ledger")}


def test_the_check_passes_on_what_is_whole_and_names_what_is_not(two_days: Path, tmp_path: Path) -> None:
    root = copied(two_days, tmp_path)
    with DagsterInstance.ephemeral() as instance:
        job = definitions(root).resolve_job_def(JOB)
        (whole,) = job.execute_in_process(instance=instance).get_asset_check_evaluations()
        record = root / ".ml_assets" / "ledger" / "records" / "0000000" / "0000000001.json"
        record.chmod(0o644)
        record.write_bytes(record.read_bytes().replace(b'"kind":"run"', b'"kind":"ran"'))
        (broken,) = job.execute_in_process(instance=instance).get_asset_check_evaluations()

    assert (whole.passed, whole.metadata["records"].value) == (True, 2)
    assert not broken.passed
    assert "0000000001.json" in str(broken.metadata["findings"].value)


def test_the_schedule_is_off_until_somebody_turns_it_on(two_days: Path) -> None:
    (schedule,) = [each for each in definitions(two_days).schedules or () if each.name.startswith(JOB)]

    assert schedule.default_status is DefaultScheduleStatus.STOPPED


def test_a_stage_that_is_called_ledger_keeps_its_name(two_days: Path, tmp_path: Path) -> None:
    root = copied(two_days, tmp_path)
    write(root, {"dvc.yaml": (root / "dvc.yaml").read_text().replace("  total:\n", "  ledger:\n")})

    specs = {spec.key.to_user_string(): spec for spec in definitions(root).resolve_all_asset_specs()}

    assert specs["ledger"].metadata["dvc/stage"] == "ledger"
