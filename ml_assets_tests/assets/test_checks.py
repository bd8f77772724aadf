"""Asset checks: thresholds from dvc.yaml, of which blocking ones stop what is below; DVC's own state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import AssetCheckEvaluation, AssetKey, DagsterInstance, Definitions, ExecuteInProcessResult

from ml_assets.assets.errors import MetaInvalid
from ml_assets.code_location import build_definitions
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.assets.conftest import materializations
from ml_assets_tests.factories import make_project, write

PIPELINE = """\
stages:
  model:
    cmd: cp auc.json model.json
    deps: [auc.json]
    metrics: [model.json]
    meta:
      dagster:
        checks:
          - {metric: auc, min: 0.7, blocking: true}
          - {metric: "model.json:loss.test", max: 1, severity: warn, name: loss}
  report:
    cmd: cat model.json > report.txt
    deps: [model.json]
    outs: [report.txt]
  aside:
    cmd: sleep 0.5 && cat auc.json > aside.txt
    deps: [auc.json]
    outs: [aside.txt]
"""
GOOD = '{"auc": 0.8, "loss": {"test": 0.5}}'
BAD = '{"auc": 0.6, "loss": {"test": 1.5}}'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "dvc.yaml": PIPELINE,
        "auc.json": GOOD,
        "ml_assets.toml": 'checks = ["in_sync", "pushed", "cache_intact"]\n',
    }
    return make_project(tmp_path / "project", files)


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as found:
        yield found


def materialize(root: Path, instance: DagsterInstance) -> ExecuteInProcessResult:
    definitions: Definitions = build_definitions(DvcProject(root))
    job = definitions.resolve_implicit_global_asset_job_def()
    keys = [AssetKey(name) for name in ("model", "report", "aside")]
    return job.execute_in_process(instance=instance, raise_on_error=False, asset_selection=keys)


def checks(result: ExecuteInProcessResult) -> dict[tuple[str, str], AssetCheckEvaluation]:
    found = result.get_asset_check_evaluations()
    return {(each.asset_key.to_user_string(), each.check_name): each for each in found}


def test_metrics_within_their_bounds_pass_and_show_their_values(
    root: Path, instance: DagsterInstance
) -> None:
    result = materialize(root, instance)
    assert result.success
    found = checks(result)
    assert found["model", "auc"].passed
    assert found["model", "auc"].metadata["value"].value == 0.8
    assert found["model", "loss"].passed
    assert {kind for _, kind in found} == {"auc", "loss", "in_sync", "pushed", "cache_intact"}
    assert all(each.passed for each in found.values())


def test_a_blocking_threshold_stops_what_is_below_and_nothing_else(
    root: Path, instance: DagsterInstance
) -> None:
    write(root, {"auc.json": BAD})
    result = materialize(root, instance)
    assert not result.success
    assert set(materializations(result)) == {"model", "aside"}
    assert not (root / "report.txt").exists()
    found = checks(result)
    assert not found["model", "auc"].passed
    assert found["model", "auc"].description == "auc is 0.6, and has to be ≥ 0.7"
    assert not found["model", "loss"].passed
    (failure,) = [
        event for event in result.all_events if event.is_step_failure and event.step_key == "pipeline"
    ]
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert "stage 'model': auc is 0.6" in str(data.description)
    assert not list((root / ".ml_assets/ledger").rglob("*.json"))
    write(root, {"auc.json": GOOD})
    assert materialize(root, instance).success
    assert (root / "report.txt").exists()


def test_what_was_unchanged_is_held_to_its_bounds_too(root: Path, instance: DagsterInstance) -> None:
    assert materialize(root, instance).success
    write(root, {"dvc.yaml": PIPELINE.replace("min: 0.7", "min: 0.9")})
    result = materialize(root, instance)
    assert not result.success
    assert "report" not in materializations(result)


def test_a_warning_stops_nothing(root: Path, instance: DagsterInstance) -> None:
    write(root, {"auc.json": BAD, "dvc.yaml": PIPELINE.replace("min: 0.7", "min: 0.5")})
    result = materialize(root, instance)
    assert result.success
    assert set(materializations(result)) == {"model", "report", "aside"}
    assert not checks(result)["model", "loss"].passed


def test_a_metric_that_is_not_there_fails_its_check(root: Path, instance: DagsterInstance) -> None:
    write(root, {"auc.json": '{"auc": "high"}'})
    found = checks(materialize(root, instance))
    assert not found["model", "auc"].passed
    assert "no number 'auc'" in str(found["model", "auc"].description)


def run_check(root: Path, instance: DagsterInstance, kind: str) -> dict[str, AssetCheckEvaluation]:
    from dagster import AssetSelection, define_asset_job

    definitions = build_definitions(DvcProject(root))
    (check,) = [each for each in definitions.asset_checks or () if each.node_def.name == f"pipeline_{kind}"]
    job = define_asset_job("checks", selection=AssetSelection.checks(check))
    resolved = Definitions.merge(definitions, Definitions(jobs=[job])).resolve_job_def("checks")
    result = resolved.execute_in_process(instance=instance, raise_on_error=False)
    return {key: each for (key, _), each in checks(result).items()}


def test_an_edit_is_out_of_sync_until_it_is_run(root: Path, instance: DagsterInstance) -> None:
    materialize(root, instance)
    write(root, {"report.txt": "by hand"})
    found = run_check(root, instance, "in_sync")
    assert {name: each.passed for name, each in found.items()} == {
        "model": True,
        "report": False,
        "aside": True,
    }
    assert "dvc status report" in str(found["report"].description)


def objects(folder: Path, content: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.read_bytes() == content]


def test_what_the_remote_lacks_is_named(root: Path, instance: DagsterInstance) -> None:
    materialize(root, instance)
    (pushed,) = objects(root.parent / "project-remote", (root / "report.txt").read_bytes())[:1]
    for each in objects(root.parent / "project-remote", (root / "report.txt").read_bytes()):
        each.unlink()
    found = run_check(root, instance, "pushed")
    assert not found["report"].passed
    assert f"{pushed.parent.name}{pushed.name}" in str(found["report"].description)
    write(root, {"report.txt": "x"})


def test_a_corrupt_cache_object_is_found(root: Path, instance: DagsterInstance) -> None:
    write(root, {"auc.json": GOOD + "\n"})
    materialize(root, instance)
    for each in objects(root / ".dvc/cache", (root / "report.txt").read_bytes()):
        each.chmod(0o644)
        each.write_text("rot")
        each.chmod(0o444)
    found = run_check(root, instance, "cache_intact")
    assert not found["report"].passed
    assert "ml-assets doctor --deep" in str(found["report"].description)


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ("checks: [{metric: auc}]", "a check needs `min` or `max`"),
        ("checks: [{metric: auc, mni: 1}]", "mni"),
        ("checks: [{metric: auc, min: 1}, {metric: auc, max: 2}]", "two are called 'auc'"),
        ("grup: a", "grup"),
        ("freshness: {fail_window: soon}", "'soon' is no duration"),
        ("automation: always", "automation"),
    ],
)
def test_a_mistake_in_the_table_is_named_with_its_stage(tmp_path: Path, table: str, named: str) -> None:
    pipeline = (
        f"stages:\n  odd:\n    cmd: 'true'\n    outs: [o]\n    meta:\n      dagster:\n        {table}\n"
    )
    root = make_project(tmp_path / "project", {"dvc.yaml": pipeline})
    with pytest.raises(MetaInvalid, match=r"stage 'odd' of dvc\.yaml") as caught:
        build_definitions(DvcProject(root))
    assert named in str(caught.value)
