"""Each feature of the language: what Dagster leaves behind is what `dvc repro` leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from ml_assets.assets.asset_keys import asset_key
from ml_assets.dvc.lockfile import read_locks, source_hashes, stale_stages
from ml_assets_tests.language.comparison import Comparison, Round, stage_edges
from ml_assets_tests.language.features import ALONE, BUNDLED, FEATURES, PARTS
from ml_assets_tests.language.plain_dvc import PlainDvc

EDITED = [(part, name) for part, name in BUNDLED if FEATURES[name].edits]


@dataclass(frozen=True)
class Bundle:
    """The features of one part in one project, a folder each: DVC and Dagster start once for all of them."""

    comparison: Comparison
    first: Round
    again: set[str]
    edges: tuple[set[tuple[str, str]], set[tuple[str, str]]]
    edited: Round


Bundles = Callable[[str], Bundle]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory, plain: PlainDvc) -> Bundles:
    """The bundle of a part, made when it is first asked for."""

    @cache
    def bundle(part: str) -> Bundle:
        features = [feature for feature in PARTS[part] if not feature.alone]
        comparison = Comparison.bundle(features, folder=tmp_path_factory.mktemp(part), plain=plain)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ML_ASSETS_REMOTE", "")
            first = comparison.materialize_both()
        again = comparison.run_again()
        edges = stage_edges(comparison.ours), plain.edges(comparison.by_hand)
        for feature in features:
            for files in feature.edits[:1]:
                comparison.write(files, below=feature.name)
        return Bundle(comparison, first, again, edges, comparison.repro_both())

    return bundle


@pytest.mark.parametrize(("part", "name"), BUNDLED)
def test_the_first_run_leaves_what_dvc_repro_leaves(part: str, name: str, bundles: Bundles) -> None:
    bundles(part).first.assert_equal(f"{name}/")


@pytest.mark.parametrize(("part", "name"), EDITED)
def test_the_run_after_an_edit_leaves_what_dvc_repro_leaves(part: str, name: str, bundles: Bundles) -> None:
    bundles(part).edited.assert_equal(f"{name}/")


@pytest.mark.parametrize(("part", "name"), BUNDLED)
def test_the_assets_depend_on_what_dvc_says(part: str, name: str, bundles: Bundles) -> None:
    ours, theirs = (
        {edge for edge in edges if edge[0].startswith(f"{name}/") and not edge[0].endswith(".dvc")}
        for edges in bundles(part).edges
    )
    assert ours == theirs


@pytest.mark.parametrize(("part", "name"), BUNDLED)
def test_a_second_run_runs_what_always_changes_and_nothing_else(
    part: str, name: str, bundles: Bundles
) -> None:
    bundle = bundles(part)
    stages = [
        stage for stage in bundle.comparison.ours.manifest().stages if stage.file.startswith(f"{name}/")
    ]
    restless = FEATURES[name].restless
    always = {
        stage.name
        for stage in stages
        if stage.always_changed or not (stage.reads or stage.outs) or stage.entry in restless
    }
    assert {stage for stage in bundle.again if stage.startswith(f"{name}/")} == always


@pytest.mark.parametrize("part", PARTS)
def test_each_stage_has_a_data_version_and_locked_paths(part: str, bundles: Bundles) -> None:
    bundle = bundles(part)
    project = bundle.comparison.ours
    manifest = project.manifest()
    locked = read_locks(project.root, manifest)
    for stage in manifest.stages:
        assert {out.path for out in locked[stage.name].outs} == {out.path for out in stage.outs}
        assert {dep.path for dep in locked[stage.name].deps} == set(stage.deps)
        assert set(locked[stage.name].params) == set(stage.params)
    assert stale_stages(manifest, locked, source_hashes(project.root, manifest)) == ()
    assert all(bundle.first.versions.values())


@pytest.mark.parametrize("name", ALONE)
def test_a_feature_that_needs_the_root_leaves_what_dvc_repro_leaves(
    name: str, tmp_path: Path, plain: PlainDvc
) -> None:
    _compare_alone(name, tmp_path, plain)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({name for _, name in BUNDLED}))
def test_a_feature_at_the_root_leaves_what_dvc_repro_leaves(
    name: str, tmp_path: Path, plain: PlainDvc
) -> None:
    _compare_alone(name, tmp_path, plain)


def _compare_alone(name: str, folder: Path, plain: PlainDvc) -> None:
    comparison = Comparison.alone(FEATURES[name], folder=folder, plain=plain)
    first = comparison.materialize_both()
    first.assert_equal()
    manifest = comparison.ours.manifest()
    assert set(first.versions) == {asset_key(stage, manifest) for stage in manifest.stages}
    for files in FEATURES[name].edits:
        comparison.write(files)
        comparison.materialize_both().assert_equal()
