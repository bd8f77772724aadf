"""Each feature of the language: what Dagster leaves behind is what `dvc repro` leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from ml_assets.assets.asset_keys import asset_key
from ml_assets.dvc.lockfile import read_locks, source_hashes, stale_stages
from ml_assets_tests.language.comparison import Comparison, Round, stage_edges
from ml_assets_tests.language.features import BUNDLED, FEATURES
from ml_assets_tests.language.plain_dvc import PlainDvc


@dataclass(frozen=True)
class Bundle:
    """All features in one project, a folder each, so that DVC and Dagster start once for all of them."""

    comparison: Comparison
    first: Round
    again: set[str]
    edges: tuple[set[tuple[str, str]], set[tuple[str, str]]]
    edited: Round


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, plain: PlainDvc) -> Bundle:
    comparison = Comparison.bundle(BUNDLED.values(), folder=tmp_path_factory.mktemp("bundle"), plain=plain)
    first, again = comparison.materialize_both(), comparison.run_again()
    edges = stage_edges(comparison.ours), plain.edges(comparison.by_hand)
    for name, feature in BUNDLED.items():
        for files in feature.edits[:1]:
            comparison.write(files, below=name)
    return Bundle(comparison, first, again, edges, comparison.repro_both())


@pytest.mark.parametrize("name", BUNDLED)
def test_the_first_run_leaves_what_dvc_repro_leaves(name: str, bundle: Bundle) -> None:
    bundle.first.assert_equal(f"{name}/")


@pytest.mark.parametrize("name", [name for name, feature in BUNDLED.items() if feature.edits])
def test_the_run_after_an_edit_leaves_what_dvc_repro_leaves(name: str, bundle: Bundle) -> None:
    bundle.edited.assert_equal(f"{name}/")


@pytest.mark.parametrize("name", BUNDLED)
def test_the_assets_depend_on_what_dvc_says(name: str, bundle: Bundle) -> None:
    ours, theirs = (
        {edge for edge in edges if edge[0].startswith(f"{name}/") and not edge[0].endswith(".dvc")}
        for edges in bundle.edges
    )
    assert ours == theirs


@pytest.mark.parametrize("name", BUNDLED)
def test_a_second_run_runs_what_always_changes_and_nothing_else(name: str, bundle: Bundle) -> None:
    stages = [
        stage for stage in bundle.comparison.ours.manifest().stages if stage.file.startswith(f"{name}/")
    ]
    always = {stage.name for stage in stages if stage.always_changed or not (stage.reads or stage.outs)}
    assert {stage for stage in bundle.again if stage.startswith(f"{name}/")} == always


def test_each_stage_has_a_data_version_and_locked_paths(bundle: Bundle) -> None:
    project = bundle.comparison.ours
    manifest = project.manifest()
    locked = read_locks(project.root, manifest)
    for stage in manifest.stages:
        assert bundle.first.versions[asset_key(stage, manifest)]
        assert {out.path for out in locked[stage.name].outs} == {out.path for out in stage.outs}
        assert {dep.path for dep in locked[stage.name].deps} == set(stage.deps)
        assert set(locked[stage.name].params) == set(stage.params)
    frozen = {stage.name for stage in manifest.stages if stage.frozen}
    assert set(stale_stages(manifest, locked, source_hashes(project.root, manifest))) <= frozen


@pytest.mark.parametrize("name", [name for name, feature in FEATURES.items() if feature.alone])
def test_a_feature_that_needs_the_root_leaves_what_dvc_repro_leaves(
    name: str, tmp_path: Path, plain: PlainDvc
) -> None:
    _compare_alone(name, tmp_path, plain)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUNDLED)
def test_a_feature_at_the_root_leaves_what_dvc_repro_leaves(
    name: str, tmp_path: Path, plain: PlainDvc
) -> None:
    _compare_alone(name, tmp_path, plain)


def _compare_alone(name: str, folder: Path, plain: PlainDvc) -> None:
    comparison = Comparison.alone(FEATURES[name], folder=folder, plain=plain)
    comparison.materialize_both().assert_equal()
    for files in FEATURES[name].edits:
        comparison.write(files)
        comparison.repro_both().assert_equal()
