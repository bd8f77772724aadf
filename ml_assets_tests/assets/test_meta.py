"""What `meta.dagster` in dvc.yaml makes of an asset, besides its checks."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from dagster import (
    AssetKey,
    AssetMaterialization,
    AssetSpec,
    DagsterInstance,
    DataVersion,
    Definitions,
    FreshnessPolicy,
    evaluate_automation_conditions,
)

from ml_assets.assets import build_dvc_asset_specs
from ml_assets.code_location import build_definitions
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.assets.conftest import materializations, metadata
from ml_assets_tests.factories import make_project, write

PIPELINE = """\
stages:
  first:
    cmd: cat seed.txt > first.txt
    deps: [seed.txt]
    outs: [first.txt]
    meta: {dagster: {freshness: {fail_window: 24h, warn_window: 90m}}}
  second:
    cmd: python second.py
    deps: [first.txt, second.py]
    outs: [second.txt]
    meta: {dagster: {pipes: true, automation: on_new_data}}
  third:
    cmd: cat second.txt > third.txt
    deps: [second.txt]
    outs: [third.txt]
    meta:
      dagster:
        freshness: {deadline_cron: "0 9 * * *", lower_bound_delta: 3h}
        automation: {cron: "0 6 * * *"}
"""
SECOND = """\
import pathlib
from dagster_pipes import open_dagster_pipes
with open_dagster_pipes() as pipes:
    pipes.log.info("counting")
    text = pathlib.Path("first.txt").read_text()
    pathlib.Path("second.txt").write_text(text)
    pipes.report_asset_materialization(metadata={"letters": len(text), "stage": pipes.get_extra("dvc/stage")})
"""
FILES = {"dvc.yaml": PIPELINE, "second.py": SECOND, "seed.txt": "abc"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("meta") / "project", FILES)


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "project", symlinks=True))


def specs(root: Path) -> dict[str, AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in build_dvc_asset_specs(project=DvcProject(root))}


def test_freshness_is_dagsters_policy(root: Path) -> None:
    found = specs(root)
    window = FreshnessPolicy.time_window(fail_window=timedelta(hours=24), warn_window=timedelta(minutes=90))
    assert found["first"].freshness_policy == window
    deadline = FreshnessPolicy.cron(deadline_cron="0 9 * * *", lower_bound_delta=timedelta(hours=3))
    assert found["third"].freshness_policy == deadline


def test_an_asset_refers_to_its_line_in_dvc_yaml_and_to_its_script(root: Path) -> None:
    references = specs(root)["second"].metadata["dagster/code_references"].code_references
    found = [(Path(each.file_path).relative_to(root).as_posix(), each.line_number) for each in references]
    assert found == [("dvc.yaml", 7), ("second.py", 1)]


def test_what_a_script_reports_by_pipes_is_in_its_materialization(root: Path) -> None:
    definitions: Definitions = build_definitions(DvcProject(root))
    with DagsterInstance.ephemeral() as instance:
        result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance)
        shown = metadata(materializations(result)["second"])
        messages = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert (shown["letters"], shown["stage"], shown["dvc/outcome"]) == (3, "second", "ran")
    assert "counting" in messages
    assert "letters" not in metadata(materializations(result)["first"])


def test_plain_lines_are_in_a_log_of_each_stage(root: Path) -> None:
    write(root, {"second.py": "print('line one'); open('second.txt', 'w').write('x')\n"})
    write(root, {"dvc.yaml": PIPELINE.replace("pipes: true, ", "")})
    with DagsterInstance.ephemeral() as instance:
        job = build_definitions(DvcProject(root)).resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=instance)
    log = Path(metadata(materializations(result)["second"])["dvc/log"])
    assert log.read_text() == "line one\n"
    assert "dvc/log" not in metadata(materializations(result)["first"])


def requested(definitions: Definitions, instance: DagsterInstance, cursor: object) -> tuple[bool, object]:
    found = evaluate_automation_conditions(definitions, instance, cursor=cursor)  # type: ignore[arg-type]
    return bool(found.get_num_requested(AssetKey("second"))), found.cursor


def report(instance: DagsterInstance, name: str, version: str) -> None:
    instance.report_runless_asset_event(
        AssetMaterialization(name, tags={"dagster/data_version": DataVersion(version).value})
    )


def test_on_new_data_follows_versions_and_not_materializations(root: Path) -> None:
    definitions = build_definitions(DvcProject(root))
    with DagsterInstance.ephemeral() as instance:
        report(instance, "first", "1")
        report(instance, "second", "1")
        _, cursor = requested(definitions, instance, None)
        report(instance, "first", "1")
        again, cursor = requested(definitions, instance, cursor)
        report(instance, "first", "2")
        new, _ = requested(definitions, instance, cursor)
    assert (again, new) == (False, True)


def test_eager_follows_each_materialization(root: Path) -> None:
    """The control of the test above."""
    write(root, {"dvc.yaml": PIPELINE.replace("on_new_data", "eager")})
    definitions = build_definitions(DvcProject(root))
    with DagsterInstance.ephemeral() as instance:
        report(instance, "first", "1")
        report(instance, "second", "1")
        _, cursor = requested(definitions, instance, None)
        report(instance, "first", "1")
        again, _ = requested(definitions, instance, cursor)
    assert again
