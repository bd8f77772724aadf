"""Applying an experiment makes the workspace what it is, and never costs a person's edits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml_assets.dvc._internals.repo import open_repo
from ml_assets.dvc.experiments.apply import apply_experiment
from ml_assets.dvc.experiments.errors import ApplyConflict, ExperimentAmbiguous, ExperimentUnknown
from ml_assets.dvc.experiments.found import find_experiment
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.dvc.experiments.batches import run_batch, saved, unchanged
from ml_assets_tests.dvc.experiments.made import make_experiment
from ml_assets_tests.factories import run, write


def test_params_lock_outputs_and_uncommitted_code_are_the_experiments(project: DvcProject) -> None:
    root = project.root
    write(root, {"total.py": (root / "total.py").read_text() + "# edited\n", "notes.txt": "mine"})
    run_batch(project, "offset=5", name="five")
    applied = apply_experiment(root, "five")
    assert applied.paths == ("dvc.lock", "params.yaml", "total.py")
    assert json.loads((root / "total.json").read_text()) == {"total": 17}
    assert (root / "params.yaml").read_text() == "offset: 5\n"
    assert (root / "notes.txt").read_text() == "mine"
    with open_repo(root) as repo:
        assert repo.status() == {}
    assert apply_experiment(root, "five").paths == applied.paths


def test_an_output_that_is_in_no_cache_is_not_overwritten_either(project: DvcProject) -> None:
    root = project.root
    (rev,) = saved(run_batch(project, "offset=5", name="five")).values()
    write(root, {"total.json": '{"total": "made by hand"}'})
    with pytest.raises(ApplyConflict, match=r"total\.json"):
        apply_experiment(root, "five")
    assert (root / "total.json").read_text() == '{"total": "made by hand"}'
    assert run("git", "status", "--porcelain", cwd=root).stdout == ""
    with open_repo(root) as repo:
        repo.experiments.apply(rev)
    assert (root / "total.json").read_text() == '{"total": 17}', "the control: DVC overwrites it"


def test_an_edit_that_it_does_not_know_stops_it_with_the_file_and_stays(root: Path) -> None:
    make_experiment(root, "five", {"params.yaml": "offset: 5\n", "new.txt": "of the experiment"})
    write(root, {"params.yaml": "offset: 6\n"})
    with unchanged(root), pytest.raises(ApplyConflict, match=r"params\.yaml") as caught:
        apply_experiment(root, "five")
    assert len(caught.value.reasons) == 1
    write(root, {"params.yaml": "offset: 1\n", "new.txt": "untracked and mine"})
    with unchanged(root), pytest.raises(ApplyConflict, match=r"new\.txt"):
        apply_experiment(root, "five")


def test_dvc_exp_apply_overwrites_such_an_edit(root: Path) -> None:
    """The control of the test above."""
    make_experiment(root, "five", {"params.yaml": "offset: 5\n"})
    write(root, {"params.yaml": "offset: 6\n"})
    with open_repo(root) as repo:
        repo.experiments.apply("five")
    assert (root / "params.yaml").read_text() == "offset: 5\n"


def test_what_it_deleted_is_deleted_and_what_it_does_not_concern_stays_edited(root: Path) -> None:
    write(root, {"old.txt": "old"})
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-q", "-m", "more", cwd=root)
    make_experiment(root, "five", {"params.yaml": "offset: 5\n"})
    run("git", "rm", "-q", "old.txt", cwd=root)
    make_experiment(root, "without", {})
    write(root, {"double.py": (root / "double.py").read_text() + "# mine\n"})
    assert apply_experiment(root, "without").paths == ("old.txt",)
    assert not (root / "old.txt").exists()
    assert "# mine" in (root / "double.py").read_text()


def test_a_change_committed_since_its_baseline_is_not_taken_back(root: Path) -> None:
    make_experiment(root, "five", {"params.yaml": "offset: 5\n"})
    write(root, {"params.yaml": "offset: 9\n"})
    run("git", "commit", "-q", "-a", "-m", "nine", cwd=root)
    with unchanged(root), pytest.raises(ApplyConflict, match=r"params\.yaml"):
        apply_experiment(root, "five")


def test_a_name_that_is_not_there_or_there_twice(root: Path) -> None:
    with pytest.raises(ExperimentUnknown, match="exp show --all") as unknown:
        find_experiment(root, "five")
    assert unknown.value.known == ()
    here = make_experiment(root, "five", {"params.yaml": "offset: 5\n"})
    make_experiment(root, "five", {"params.yaml": "offset: 6\n"}, baseline="HEAD~1")
    assert find_experiment(root, "five").rev == here
    run("git", "commit", "-q", "--allow-empty", "-m", "further", cwd=root)
    with pytest.raises(ExperimentAmbiguous, match="refs/exps/") as ambiguous:
        find_experiment(root, "five")
    assert find_experiment(root, ambiguous.value.refs[0]).name == "five"
    with pytest.raises(ExperimentUnknown, match="five"):
        find_experiment(root, "six")
