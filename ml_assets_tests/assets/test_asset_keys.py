"""Keys of stages and tracked paths: short, distinct, taken by Dagster, and as the settings say."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import Definitions
from dagster._core.definitions.utils import DISALLOWED_NAMES

from ml_assets.assets import (
    DvcProject,
    DvcTranslator,
    DvcTranslatorData,
    build_dvc_asset_specs,
    build_source_assets,
    source_spec,
)
from ml_assets.assets.asset_keys import RESERVED, asset_key
from ml_assets.code_location import build_definitions
from ml_assets.dvc.manifest import Manifest, Source, Stage
from ml_assets_tests.assets.conftest import DagsterProject
from ml_assets_tests.factories import write


def stage(name: str, file: str = "dvc.yaml") -> Stage:
    return Stage(name=name, file=file, wdir=".", cmd=("x",), deps=(), params={}, outs=())


def key(item: Stage | Source, *others: Stage | Source) -> str:
    stages = tuple(each for each in (item, *others) if isinstance(each, Stage))
    sources = tuple(each for each in (item, *others) if isinstance(each, Source))
    return asset_key(item, Manifest(stages=stages, sources=sources)).to_user_string()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("train", "train"),
        ("train@a", "train/a"),
        ("train@v1.0", "train/v1_0"),
        ("train@data/a:b c", "train/data_a_b_c"),
        ("train-model", "train_model"),
        ("import", "import_"),
        ("import@x", "import/x"),
        ("output", "output_"),
        ("grün@größe", "grun/grou00dfe"),
        ("訓練", "u8a13u7df4"),
    ],
)
def test_a_stages_key_is_its_name_in_what_dagster_allows(name: str, expected: str) -> None:
    assert key(stage(name)) == expected


def test_a_nested_stages_key_begins_with_its_folders() -> None:
    assert key(stage("sub/deep/dvc.yaml:train@a:b", "sub/deep/dvc.yaml")) == "sub/deep/train/a_b"
    assert key(stage(".hidden/dvc.yaml:import", ".hidden/dvc.yaml")) == "_hidden/import"


def test_a_tracked_path_has_its_short_name_as_long_as_nobody_else_has() -> None:
    raw = Source("data/raw.csv", "data/raw.csv.dvc")
    assert key(raw) == "raw"
    assert key(raw, Source("other/raw.parquet", "other/raw.parquet.dvc")) == "data/raw_csv"
    assert key(raw, stage("raw")) == "data/raw_csv"
    assert key(raw, stage("sub/dvc.yaml:raw", "sub/dvc.yaml")) == "raw"
    assert key(Source("/mnt/raw.csv", "raw.dvc"), stage("raw")) == "mnt/raw_csv"


def test_dagster_keeps_no_names_that_we_do_not_know_of() -> None:
    assert set(DISALLOWED_NAMES) <= RESERVED


def test_a_prefix_and_a_group_are_of_all_assets_of_the_project(dagster_project: DagsterProject) -> None:
    translator = DvcTranslator(key_prefix=("team", "flights"), group="flights")
    project = dagster_project.project
    specs = build_dvc_asset_specs(project=project, translator=translator)
    assert [spec.key.to_user_string() for spec in specs] == ["team/flights/double", "team/flights/total"]
    deps = [[dep.asset_key.to_user_string() for dep in spec.deps] for spec in specs]
    assert deps == [["team/flights/raw"], ["team/flights/double"]]
    assert {spec.group_name for spec in specs} == {"flights"}
    raw = source_spec(project=project, path="data/raw", translator=translator)
    (source,) = build_source_assets(project=project, translator=translator)
    assert source.keys == {raw.key}
    assert raw.key.to_user_string() == "team/flights/raw"


def test_the_settings_give_prefix_and_group(dagster_project: DagsterProject) -> None:
    write(dagster_project.root, {"ml_assets.toml": 'key_prefix = "team/flights"\ngroup = "flights"\n'})
    definitions: Definitions = build_definitions(dagster_project.project)
    specs = {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}
    assert {name for name in specs if name.startswith("team/flights/")} == {
        "team/flights/raw",
        "team/flights/double",
        "team/flights/total",
        "team/flights/ledger",
    }
    assert specs["team/flights/total"].group_name == "flights"


def test_what_meta_says_of_a_stage_goes_before_the_group_of_the_project(tmp_path: Path) -> None:
    grouped = Stage(**{**vars(stage("train")), "meta": {"dagster": {"group": "own"}}})
    manifest = Manifest(stages=(grouped,), sources=())
    data = DvcTranslatorData(project=DvcProject(tmp_path), manifest=manifest, item=grouped)
    assert DvcTranslator(group="all").get_asset_spec(data).group_name == "own"
