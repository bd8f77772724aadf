"""What a dvc.yaml looks like as asset specs."""

from __future__ import annotations

from pathlib import Path

from dagster import AssetKey, AssetSpec

from ml_assets.assets import DvcProject, DvcTranslator, DvcTranslatorData, build_dvc_asset_specs, source_spec
from ml_assets.assets.keys import META_KEY_STAGE
from ml_assets_tests.assets.conftest import DagsterProject
from ml_assets_tests.factories import make_project, write

RICH = """\
stages:
  prepare:
    desc: Cleans it.
    cmd: echo > clean.txt
    outs: [{clean.txt: {cache: false}}]
    meta:
      dagster:
        group: flights
        owners: [ada@example.com]
        tags: {tier: gold}
        kinds: [polars]
  train:
    foreach: [a, b.c]
    do:
      cmd: cat clean.txt > ${item}.txt
      deps: [clean.txt]
      outs: [{"${item}.txt": {cache: false}}]
"""


def specs(project: DvcProject, translator: DvcTranslator | None = None) -> dict[str, AssetSpec]:
    built = build_dvc_asset_specs(project=project, translator=translator, sources=("data/raw",))
    return {spec.key.to_user_string(): spec for spec in built}


def test_stages_are_assets_that_depend_on_what_they_read(dagster_project: DagsterProject) -> None:
    found = specs(dagster_project.project)
    assert list(found) == ["double", "total"]
    assert [dep.asset_key for dep in found["double"].deps] == [AssetKey("raw")]
    assert [dep.asset_key for dep in found["total"].deps] == [AssetKey("double")]
    assert found["double"].description == "Twice each number."


def test_meta_dagster_configures_an_asset_from_dvc_yaml(tmp_path: Path) -> None:
    project = DvcProject(make_project(tmp_path / "rich", {"dvc.yaml": RICH}))
    spec = specs(project)["prepare"]
    assert spec.group_name == "flights"
    assert spec.owners == ["ada@example.com"]
    assert spec.tags["tier"] == "gold"
    assert spec.kinds == {"dvc", "polars"}


def test_foreach_stages_get_keys_of_two_parts(tmp_path: Path) -> None:
    project = DvcProject(make_project(tmp_path / "rich", {"dvc.yaml": RICH}))
    found = specs(project)
    assert list(found) == ["prepare", "train/a", "train/b_c"]
    assert found["train/b_c"].metadata[META_KEY_STAGE] == "train@b.c"


def test_a_source_is_an_asset_before_anything_has_landed(tmp_path: Path) -> None:
    project = DvcProject(make_project(tmp_path / "empty", {"dvc.yaml": "stages: {}\n"}))
    assert source_spec(project=project, path="data/raw").key == AssetKey("raw")


def test_one_overridden_method_changes_every_spec(dagster_project: DagsterProject) -> None:
    class Prefixed(DvcTranslator):
        def get_asset_spec(self, data: DvcTranslatorData) -> AssetSpec:
            spec = super().get_asset_spec(data)
            return spec.replace_attributes(key=spec.key.with_prefix("flights"))

    found = specs(dagster_project.project, Prefixed())
    assert list(found) == ["flights/double", "flights/total"]
    # Or the graph would fall apart, and hang together with another project's of the same names.
    deps = [[dep.asset_key.to_user_string() for dep in spec.deps] for spec in found.values()]
    assert deps == [["flights/raw"], ["flights/double"]]


def test_one_load_of_a_code_location_translates_each_stage_once(dagster_project: DagsterProject) -> None:
    asked: list[str] = []

    class Counting(DvcTranslator):
        def get_asset_spec(self, data: DvcTranslatorData) -> AssetSpec:
            asked.append(data.item.file)
            return super().get_asset_spec(data)

    project, translator = dagster_project.project.pinned(), Counting()
    for _ in range(2):
        build_dvc_asset_specs(project=project, translator=translator)
    assert sorted(asked) == ["data/raw.dvc", "dvc.yaml", "dvc.yaml"]
    build_dvc_asset_specs(project=DvcProject(project.root), translator=translator)
    assert len(asked) == 6


def test_code_versions_follow_code_params_and_command_but_not_data(dagster_project: DagsterProject) -> None:
    def versions() -> dict[str, str | None]:
        return {name: spec.code_version for name, spec in specs(dagster_project.project).items()}

    before = versions()
    write(dagster_project.root, {"data/raw/4.txt": "4", "params.yaml": "offset: 1\nunread: 2\n"})
    assert versions() == before
    write(dagster_project.root, {"params.yaml": "offset: 5\n"})
    with_param = versions()
    assert with_param["double"] == before["double"]
    assert with_param["total"] != before["total"]
    write(dagster_project.root, {"double.py": "print('new')\n"})
    assert versions()["double"] != before["double"]
