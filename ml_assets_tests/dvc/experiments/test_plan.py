"""A plan has names, a snapshot and all mistakes found; it touches nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.dvc.errors import ManifestFailed
from ml_assets.dvc.experiments.errors import ExperimentNameInvalid, ExperimentNameTaken, OverrideInvalid
from ml_assets.dvc.experiments.plan import plan_experiments
from ml_assets.dvc.experiments.values import ExperimentRequest
from ml_assets.dvc.git_errors import NoCommitYet
from ml_assets_tests.dvc.experiments.batches import at, unchanged
from ml_assets_tests.factories import run, write


def plan(root: Path, *overrides: str, **request: object) -> dict[str, tuple[str, ...]]:
    """Name → overrides."""
    batch = plan_experiments(root, ExperimentRequest(overrides=overrides, **request))  # type: ignore[arg-type]
    return {each.name: each.texts for each in batch.experiments}


def test_a_sweep_numbers_the_given_name_and_a_single_one_keeps_it(root: Path) -> None:
    with unchanged(root):
        assert plan(root, "offset=1,2", name="big") == {"big-1": ("offset=1",), "big-2": ("offset=2",)}
        assert plan(root, "offset=1", name="big") == {"big": ("offset=1",)}


def test_without_a_name_each_gets_one_of_the_kind_that_dvc_gives(root: Path) -> None:
    names = plan(root, "offset=range(20)")
    assert len(names) == 20
    assert all(name.count("-") == 1 for name in names)


def test_a_name_that_is_taken_or_no_name_is_refused_before_anything_runs(root: Path) -> None:
    head = run("git", "rev-parse", "HEAD", cwd=root).stdout.strip()
    run("git", "update-ref", f"refs/exps/{head[:2]}/{head[2:]}/big-2", "HEAD", cwd=root)
    with pytest.raises(ExperimentNameTaken, match="dvc exp remove big-2") as taken:
        plan(root, "offset=1,2", name="big")
    assert taken.value.name == "big-2"
    for name in ("with space", "a/b", "a..b"):
        with pytest.raises(ExperimentNameInvalid):
            plan(root, name=name)


def test_a_misspelt_key_is_found_in_any_of_the_combinations(root: Path) -> None:
    with pytest.raises(OverrideInvalid, match="ofset"):
        plan(root, "offset=1,2", "ofset=3,4")


def test_data_edited_since_dvc_add_is_in_the_snapshot_and_its_dvc_file_stays(root: Path) -> None:
    write(root, {"data/raw/9.txt": "9"})
    with unchanged(root):
        batch = plan_experiments(root, ExperimentRequest())
    assert "nfiles: 4" in at(root, batch.snapshot.tree, "data/raw.dvc")
    assert "nfiles: 3" in (root / "data/raw.dvc").read_text()


def test_without_a_commit_or_with_a_broken_pipeline_the_error_says_so(root: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    write(fresh, {"params.yaml": "a: 1\n", ".dvc/config": ""})
    run("git", "init", "-q", cwd=fresh)
    with pytest.raises(NoCommitYet):
        plan(fresh)
    write(root, {"dvc.yaml": "stages: [broken\n"})
    with pytest.raises(ManifestFailed, match=r"dvc\.yaml"):
        plan(root)
