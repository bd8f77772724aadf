"""A foreach or matrix as one partitioned asset: the same stages, a run a partition."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import AssetKey, AssetSpec, DagsterInstance, Definitions, ExecuteInProcessResult

from ml_assets.assets.errors import PartitionsUneven
from ml_assets.assets.partitions import split_partitioned
from ml_assets.code_location import build_definitions
from ml_assets.dvc.manifest import Manifest, Stage
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.assets.conftest import materializations, metadata
from ml_assets_tests.factories import dvc, make_project

PIPELINE = """\
stages:
  data:
    cmd: cat seed.txt > data.txt
    deps: [seed.txt]
    outs: [data.txt]
  train:
    foreach: [a, b]
    do:
      cmd: cat data.txt > ${item}.model && echo ${item} >> ${item}.model && echo '{"auc":0.8}' > ${item}.json
      deps: [data.txt]
      outs: ["${item}.model"]
      metrics: ["${item}.json"]
      meta: {dagster: {partitions: true, checks: [{metric: auc, min: 0.5}]}}
  judge:
    foreach: [a, b]
    do:
      cmd: wc -c < ${item}.model > ${item}.size
      deps: ["${item}.model"]
      outs: ["${item}.size"]
      meta: {dagster: {partitions: true}}
  best:
    cmd: cat a.size b.size > best.txt
    deps: [a.size, b.size]
    outs: [best.txt]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", {"dvc.yaml": PIPELINE, "seed.txt": "x\n"})


def materialize(
    root: Path, instance: DagsterInstance, *names: str, partition: str | None = None
) -> ExecuteInProcessResult:
    definitions: Definitions = build_definitions(DvcProject(root))
    keys = [AssetKey(name) for name in names]
    job = definitions.resolve_implicit_job_def_def_for_assets(keys)
    assert job is not None
    return job.execute_in_process(
        instance=instance, raise_on_error=False, asset_selection=keys, partition_key=partition
    )


def test_a_group_is_one_asset_whose_partitions_follow_each_other(root: Path) -> None:
    graph = build_definitions(DvcProject(root)).resolve_asset_graph()
    keys = [AssetKey(name) for name in ("data", "train", "judge", "best")]
    assert set(graph.get_all_asset_keys()) == {*keys, AssetKey("ledger")}
    assert [graph.get(key).parent_keys for key in keys] == [set(), {keys[0]}, {keys[1]}, {keys[2]}]
    partitions = graph.get(AssetKey("train")).partitions_def
    assert partitions is not None
    assert list(partitions.get_partition_keys()) == ["a", "b"]


def test_a_run_brings_one_partition_up_to_date_and_all_of_them_are_dvcs_pipeline(root: Path) -> None:
    with DagsterInstance.ephemeral() as instance:
        assert materialize(root, instance, "data").success
        assert materialize(root, instance, "train", "judge", partition="b").success
        assert not (root / "a.model").exists()
        assert (root / "b.size").exists()
        second = materialize(root, instance, "train", "judge", partition="a")
        assert metadata(materializations(second)["train"])["dvc/outcome"] == "ran"
        assert materialize(root, instance, "best").success
        done = instance.get_materialized_partitions(AssetKey("train"))
        (check,) = second.get_asset_check_evaluations()
    assert done == {"a", "b"}
    assert (check.asset_key, check.check_name, check.passed) == (AssetKey("train"), "auc", True)
    assert "up to date" in dvc("status", cwd=root)


def test_half_of_a_group_cannot_be_partitions() -> None:
    manifest = Manifest(
        stages=tuple(
            Stage(f"judge@{name}", "dvc.yaml", ".", ("true",), (), {}, (), meta=meta, group="judge")
            for name, meta in (("a", {"dagster": {"partitions": True}}), ("b", {}))
        ),
        sources=(),
    )
    specs = [AssetSpec(["judge", name], metadata={"dvc/stage": f"judge@{name}"}) for name in "ab"]
    with pytest.raises(PartitionsUneven, match=r"'judge' in dvc\.yaml"):
        split_partitioned(manifest, specs)
