"""Each feature of DVC's language: the bridge leaves behind what `dvc repro` leaves behind."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dagster import AssetSpec

from ml_assets.assets import build_dvc_asset_specs
from ml_assets.dvc.events import Outcome, StageFinished
from ml_assets.dvc.lockfile import read_locks, source_hashes, stale_stages
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets_tests.dvc.languages import PROJECTS
from ml_assets_tests.factories import dvc, make_project


def locks(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("dvc.lock"))}


def run_all(project: DvcProject) -> dict[str, Outcome]:
    names = [stage.name for stage in project.manifest().stages]
    events = list(run_stages(project, names))
    return {event.stage: event.outcome for event in events if isinstance(event, StageFinished)}


@pytest.mark.parametrize("feature", PROJECTS)
def test_the_bridge_leaves_what_dvc_repro_leaves(feature: str, tmp_path: Path) -> None:
    by_hand = make_project(tmp_path / "by-hand", PROJECTS[feature])
    ours = DvcProject(Path(shutil.copytree(by_hand, tmp_path / "ours")))
    dvc("repro", "-q", "--all-pipelines", cwd=by_hand)

    outcomes = run_all(ours)

    assert locks(ours.root) == locks(by_hand)
    assert dvc("status", cwd=ours.root) == dvc("status", cwd=by_hand)
    manifest = ours.manifest()
    locked = read_locks(ours.root, manifest)
    for stage in manifest.stages:
        assert {out.path for out in locked[stage.name].outs} == {out.path for out in stage.outs}
        assert {dep.path for dep in locked[stage.name].deps} == set(stage.deps)
        assert locked[stage.name].version
    assert stale_stages(manifest, locked, source_hashes(ours.root, manifest)) == ()
    always = {stage.name for stage in manifest.stages if stage.always_changed}
    again = run_all(ours)
    assert {name for name, outcome in again.items() if outcome is not Outcome.UNCHANGED} == always
    assert list(outcomes) == [stage.name for stage in manifest.stages]
    specs: list[AssetSpec] = build_dvc_asset_specs(project=ours)
    assert len({spec.key for spec in specs}) == len(manifest.stages)
