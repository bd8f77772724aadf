"""A snapshot is what a person sees in the workspace, taken without touching it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.dvc import snapshot
from ml_assets.dvc.git_errors import NoCommitYet, NoGitRepository, WorkspaceUnmerged
from ml_assets.dvc.snapshot import snapshot_of_commit, take_snapshot
from ml_assets_tests.dvc.experiments.batches import files_at, unchanged
from ml_assets_tests.factories import run, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A Git repository with two files in a commit."""
    root = tmp_path / "repository"
    write(root, {"a.txt": "a", "b.txt": "b", ".gitignore": "*.log\n"})
    run("git", "init", "-q", "-b", "main", cwd=root)
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-q", "-m", "start", cwd=root)
    return root


def content(root: Path, tree: str, path: str) -> str:
    return run("git", "show", f"{tree}:{path}", cwd=root).stdout


def test_edits_staged_or_not_and_deletions_are_in_it_and_the_workspace_stays_as_it_is(root: Path) -> None:
    write(root, {"a.txt": "edited", "new.txt": "staged"})
    run("git", "add", "new.txt", cwd=root)
    write(root, {"new.txt": "edited since"})
    (root / "b.txt").unlink()
    with unchanged(root):
        found = take_snapshot(root)
    assert files_at(root, found.tree) == {".gitignore", "a.txt", "new.txt"}
    assert content(root, found.tree, "a.txt") == "edited"
    assert content(root, found.tree, "new.txt") == "edited since"
    assert found.baseline == run("git", "rev-parse", "HEAD", cwd=root).stdout.strip()


def test_untracked_files_are_included_when_declared_and_lent_when_not(root: Path) -> None:
    write(
        root, {"declared.py": "1", "src/module.py": "2", "notes.txt": "3", "known.log": "4", "other.log": "5"}
    )
    found = take_snapshot(root, declared=["declared.py", "src", "known.log"])
    assert found.included == ("declared.py", "src/module.py")
    assert found.lent == ("known.log", "notes.txt")
    assert files_at(root, found.tree) >= {"declared.py", "src/module.py"}
    assert "notes.txt" not in files_at(root, found.tree)


def test_more_than_a_clone_should_copy_is_left_out_and_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "LENT_BYTES", 10)
    write(root, {"small.txt": "12345", "large.txt": "123456789"})
    found = take_snapshot(root)
    assert (found.lent, found.left_out) == (("small.txt",), ("large.txt",))


def test_a_text_may_be_given_for_a_file_that_is_not_written(root: Path) -> None:
    found = take_snapshot(root, contents={"a.txt": "another"})
    assert content(root, found.tree, "a.txt") == "another"
    assert (root / "a.txt").read_text() == "a"


def test_a_project_below_the_top_of_git_names_its_files_from_its_own_root(root: Path) -> None:
    write(root, {"project/stage.py": "1", "outside.py": "2"})
    found = take_snapshot(root / "project", declared=["stage.py"])
    assert (found.project, found.included, found.lent) == ("project", ("project/stage.py",), ("outside.py",))


def test_names_with_spaces_stars_and_letters_of_any_script_are_names(root: Path) -> None:
    names = ["with space.txt", "star*.txt", "größe.txt", "-dash.txt"]
    write(root, dict.fromkeys(names, "x"))
    found = take_snapshot(root, declared=names)
    assert set(found.included) == set(names)
    listed = run("git", "ls-tree", "-r", "-z", "--name-only", found.tree, cwd=root).stdout.split("\0")
    assert set(names) <= set(listed)


def test_a_commit_is_a_snapshot_too(root: Path) -> None:
    write(root, {"a.txt": "edited"})
    assert content(root, snapshot_of_commit(root, "HEAD").tree, "a.txt") == "a"


def test_a_merge_with_conflicts_is_refused_with_the_files(root: Path) -> None:
    run("git", "switch", "-q", "-c", "other", cwd=root)
    for branch, text in {"other": "theirs", "main": "ours"}.items():
        run("git", "switch", "-q", branch, cwd=root)
        write(root, {"a.txt": text})
        run("git", "commit", "-q", "-a", "-m", text, cwd=root)
    with pytest.raises(AssertionError, match="CONFLICT"):
        run("git", "merge", "other", cwd=root)
    with pytest.raises(WorkspaceUnmerged, match=r"a\.txt") as caught:
        take_snapshot(root)
    assert caught.value.paths == ("a.txt",)


def test_without_a_commit_or_without_git_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoGitRepository, match="git init"):
        take_snapshot(tmp_path)
    run("git", "init", "-q", cwd=tmp_path)
    with pytest.raises(NoCommitYet, match="git commit"):
        take_snapshot(tmp_path)
