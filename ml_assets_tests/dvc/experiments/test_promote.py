"""Promoting is a commit of exactly what an experiment changed, with a tag; never forced."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.dvc.experiments.errors import ApplyConflict, PromotionRefused
from ml_assets.dvc.experiments.promote import promote_experiment
from ml_assets_tests.dvc.experiments.batches import unchanged
from ml_assets_tests.dvc.experiments.made import make_experiment
from ml_assets_tests.factories import run, write

CHANGES = {"params.yaml": "offset: 5\n", "new.py": "# of the experiment\n"}


def git(root: Path, *arguments: str) -> str:
    return run("git", *arguments, cwd=root).stdout.strip()


@pytest.fixture
def rev(root: Path) -> str:
    return make_experiment(root, "five", CHANGES)


def refused(root: Path, **options: str) -> str:
    """Why; the workspace is as before."""
    with unchanged(root), pytest.raises(PromotionRefused) as caught:
        promote_experiment(root, "five", **options)
    return str(caught.value)


def test_the_commit_has_what_it_changed_and_nothing_else_and_the_tag_names_it(root: Path, rev: str) -> None:
    before = git(root, "rev-parse", "HEAD")
    write(root, {"double.py": "# mine, not committed\n", "notes.txt": "mine, untracked"})
    promoted = promote_experiment(root, "five")
    assert (
        promoted.commit
        == git(root, "rev-parse", "HEAD")
        == git(root, "rev-parse", "experiment/five^{commit}")
    )
    assert promoted.branch == "main"
    assert git(root, "rev-parse", "HEAD^") == before
    assert git(root, "rev-parse", "HEAD^{tree}") == git(root, "rev-parse", f"{rev}^{{tree}}")
    message = git(root, "log", "-1", "--format=%B")
    assert message.startswith("Promote experiment five\n\noffset: 1 -> 5\n")
    assert rev[:12] in message
    assert git(root, "status", "--porcelain").splitlines() == ["M double.py", "?? notes.txt"]


def test_it_stands_on_commits_that_do_not_concern_the_pipeline(root: Path, rev: str) -> None:
    write(root, {"README.md": "further"})
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "readme")
    promote_experiment(root, "five", tag="v1", message="Five it is")
    assert git(root, "show", "HEAD:README.md") == "further"
    assert git(root, "log", "-1", "--format=%s") == "Five it is"
    assert git(root, "tag") == "v1"


def test_staged_files_a_taken_tag_no_branch_and_a_half_done_merge_refuse_it(root: Path, rev: str) -> None:
    git(root, "tag", "taken")
    assert "--tag" in refused(root, tag="taken")
    write(root, {"staged.txt": "x"})
    git(root, "add", "staged.txt")
    assert "staged.txt" in refused(root)
    git(root, "rm", "-q", "--cached", "staged.txt")
    merge = root / ".git" / "MERGE_HEAD"
    merge.write_text(f"{rev}\n")
    assert "a merge is half done" in refused(root)
    merge.unlink()
    git(root, "checkout", "-q", "--detach")
    assert "git switch" in refused(root)


def test_a_pipeline_that_changed_since_is_named_with_both_commits(root: Path, rev: str) -> None:
    write(root, {"double.py": (root / "double.py").read_text() + "# since\n"})
    git(root, "commit", "-q", "-a", "-m", "another double")
    reason = refused(root)
    assert "double.py" in reason
    assert git(root, "rev-parse", "HEAD")[:7] in reason
    assert "Run the experiment again" in reason


def test_an_edit_in_its_way_stops_it_before_any_commit(root: Path, rev: str) -> None:
    write(root, {"params.yaml": "offset: 6\n"})
    with unchanged(root), pytest.raises(ApplyConflict):
        promote_experiment(root, "five")
    assert git(root, "tag") == ""


def test_a_hook_that_says_no_leaves_nothing_staged_and_no_tag_and_once_mended_it_goes_on(
    root: Path, rev: str
) -> None:
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not on my watch >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(PromotionRefused, match="not on my watch"):
        promote_experiment(root, "five")
    assert git(root, "diff", "--cached", "--name-only") == git(root, "tag") == ""
    hook.unlink()
    promote_experiment(root, "five")
    assert git(root, "status", "--porcelain") == ""


def test_one_that_head_has_already_is_said_so(root: Path, rev: str) -> None:
    promote_experiment(root, "five")
    with pytest.raises(PromotionRefused, match="already"):
        promote_experiment(root, "five", tag="again")
