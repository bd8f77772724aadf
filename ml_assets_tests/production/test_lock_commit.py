"""Research, if asked: a run commits dvc.lock and only that, and never over what somebody else did."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.dvc.git_errors import GitFailed, LockNotCommitted
from ml_assets.dvc.lock_commit import commit_locks
from ml_assets_tests.factories import make_project, run, write
from ml_assets_tests.production.site import Site


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", {"dvc.lock": "one\n", "code.py": "x = 1\n"})


def git(root: Path, *arguments: str) -> str:
    return run("git", *arguments, cwd=root).stdout.strip()


def commit(root: Path, *, branch: str | None = None, began_with: str = "one\n") -> str | None:
    return commit_locks(root, ["dvc.lock"], message="Record 1", branch=branch, began_with=began_with)


def test_only_dvc_lock_is_committed_and_edits_stay_edits(root: Path) -> None:
    write(root, {"dvc.lock": "two\n", "code.py": "x = 2\n", "new.py": ""})

    made = commit(root)

    assert made == git(root, "rev-parse", "HEAD")
    assert git(root, "show", "--format=%s", "--name-only").split() == ["Record", "1", "dvc.lock"]
    assert git(root, "status", "--short").split() == ["M", "code.py", "??", "new.py"]
    assert commit(root) is None


def test_a_first_dvc_lock_is_added(root: Path) -> None:
    git(root, "rm", "-q", "dvc.lock")
    git(root, "commit", "-q", "-m", "none")
    write(root, {"dvc.lock": "first\n"})

    assert commit(root)
    assert git(root, "show", "HEAD:dvc.lock") == "first"


def test_what_is_staged_is_never_taken_along(root: Path) -> None:
    write(root, {"dvc.lock": "two\n", "code.py": "x = 2\n"})
    git(root, "add", "code.py")
    head, status = git(root, "rev-parse", "HEAD"), git(root, "status", "--short")

    with pytest.raises(LockNotCommitted, match=r"staged(?s:.*)code\.py(?s:.*)git restore --staged"):
        commit(root)

    assert (git(root, "rev-parse", "HEAD"), git(root, "status", "--short")) == (head, status)


def test_a_hook_that_refuses_leaves_everything_as_it_was(root: Path) -> None:
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no locks on fridays >&2\nexit 1\n")
    hook.chmod(0o755)
    write(root, {"dvc.lock": "two\n"})

    with pytest.raises(GitFailed, match="no locks on fridays"):
        commit(root)

    assert git(root, "status", "--short") == "M dvc.lock"


def test_another_branch_gets_the_commit_without_being_checked_out(root: Path) -> None:
    write(root, {"dvc.lock": "two\n", "code.py": "x = 2\n"})
    status, head = git(root, "status", "--short"), git(root, "rev-parse", "HEAD")

    made = commit(root, branch="results")
    write(root, {"dvc.lock": "three\n"})
    again = commit(root, branch="results", began_with="two\n")

    assert git(root, "rev-parse", "results") == again
    assert git(root, "rev-parse", "results^") == made
    assert git(root, "diff", "--name-only", "main", "results") == "dvc.lock"
    assert git(root, "show", "results:dvc.lock") == "three"
    assert (git(root, "status", "--short"), git(root, "rev-parse", "HEAD")) == (status, head)


def test_a_conflict_on_that_branch_is_explained_and_nothing_is_forced(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "results")
    write(root, {"dvc.lock": "of somebody else\n"})
    git(root, "commit", "-q", "-am", "theirs")
    git(root, "checkout", "-q", "main")
    tip = git(root, "rev-parse", "results")
    write(root, {"dvc.lock": "two\n"})

    with pytest.raises(LockNotCommitted, match=r"another dvc\.lock(?s:.*)by Test(?s:.*)git merge results"):
        commit(root, branch="results")

    assert git(root, "rev-parse", "results") == tip


def test_in_a_merge_nothing_is_committed(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "other")
    write(root, {"code.py": "x = 3\n"})
    git(root, "commit", "-q", "-am", "theirs")
    git(root, "checkout", "-q", "main")
    write(root, {"code.py": "x = 4\n"})
    git(root, "commit", "-q", "-am", "ours")
    run(
        "git",
        "-c",
        "merge.conflictStyle=merge",
        "merge",
        "-q",
        "--no-commit",
        "-s",
        "ours",
        "other",
        cwd=root,
    )
    write(root, {"dvc.lock": "two\n"})

    with pytest.raises(LockNotCommitted, match="a merge or a rebase is under way"):
        commit(root)


def test_a_run_commits_with_record_auc_and_landed_days(site: Site) -> None:
    toml = site.root / "pyproject.toml"
    text = toml.read_text().replace('mode = "production"', 'mode = "research"')
    toml.write_text(f"{text}[tool.ml_assets.commit]\n")
    git(site.root, "commit", "-q", "-am", "research")

    first = site.land(1, 10)
    (site.root / "helper.py").write_text('name = "another"\n')
    git(site.root, "add", "helper.py")
    second = site.land(2, 10)

    subject, trailer = git(site.root, "log", "-1", "--format=%s%n%(trailers:key=Ledger-Record)").splitlines()
    assert subject == f"Record {first.number}: auc 0.0100; landed 2013-01-01"
    assert trailer == f"Ledger-Record: {first.digest}"
    assert git(site.root, "show", "--format=", "--name-only") == "dvc.lock"
    # Something was staged at the second: recorded it is, and committed it is not.
    assert second.number > first.number
    assert git(site.root, "status", "--short", "helper.py", "dvc.lock").split() == [
        "M",
        "dvc.lock",
        "M",
        "helper.py",
    ]


def test_production_makes_no_commits_and_says_so(site: Site) -> None:
    toml = site.root / "pyproject.toml"
    toml.write_text(toml.read_text() + "[tool.ml_assets.commit]\n")

    assert "production makes none" in site.refused("tick")
