"""Tracked paths without a landing are observable, and keys stay distinct."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import AssetKey, AssetSelection, DagsterInstance, Definitions, define_asset_job

from ml_assets.assets import DvcProject, build_dvc_asset_specs, build_source_assets
from ml_assets.assets.errors import AssetKeyTaken
from ml_assets_tests.assets.conftest import DagsterProject
from ml_assets_tests.factories import dvc, make_project, write

CLASHING = """\
stages:
  train:
    matrix: {size: [a.b, a_b]}
    cmd: echo > ${item.size}.txt
    outs: ["${item.size}.txt"]
"""


def observed(project: DvcProject) -> dict[str, str]:
    definitions = Definitions(
        assets=build_source_assets(project=project),
        jobs=[define_asset_job("observe", AssetSelection.all(include_sources=True))],
    )
    with DagsterInstance.ephemeral() as instance:
        result = definitions.resolve_job_def("observe").execute_in_process(instance=instance)
    events = [
        event.asset_observation_data.asset_observation
        for event in result.all_events
        if event.is_asset_observation
    ]
    return {each.asset_key.to_user_string(): each.tags["dagster/data_version"] for each in events}


def test_the_version_of_a_tracked_path_is_the_hash_in_its_dvc_file(dagster_project: DagsterProject) -> None:
    before = observed(dagster_project.project)
    assert f"md5: {before['raw']}" in (dagster_project.root / "data/raw.dvc").read_text()
    write(dagster_project.root, {"data/raw/4.txt": "4"})
    dvc("add", "-q", "data/raw/4.txt", cwd=dagster_project.root)
    assert observed(dagster_project.project)["raw"] != before["raw"]


def test_a_path_that_lands_is_left_to_the_landing(dagster_project: DagsterProject) -> None:
    assert build_source_assets(project=dagster_project.project, without=("data/raw",)) == []


def test_tracked_paths_of_one_name_are_told_apart_by_their_whole_path(tmp_path: Path) -> None:
    root = make_project(tmp_path / "two", {})
    write(root, {"a/data.csv": "1\n", "b/data.csv": "2\n", "c/only.csv": "3\n"})
    dvc("add", "-q", "a/data.csv", "b/data.csv", "c/only.csv", cwd=root)
    keys = {key for each in build_source_assets(project=DvcProject(root)) for key in each.keys}
    assert keys == {AssetKey(["a", "data_csv"]), AssetKey(["b", "data_csv"]), AssetKey(["only"])}


def test_stages_of_one_key_are_an_error_that_names_both(tmp_path: Path) -> None:
    project = DvcProject(make_project(tmp_path / "clash", {"dvc.yaml": CLASHING}))
    with pytest.raises(AssetKeyTaken, match=r"train@a\.b.*train@a_b.*train/a_b"):
        build_dvc_asset_specs(project=project)
