"""Commits dvc.lock and nothing else: never forced, never over what somebody has staged."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from ml_assets.dvc.git import git, git_code, git_top
from ml_assets.dvc.git_errors import LockNotCommitted


def commit_locks(
    root: Path, locks: Sequence[str], *, message: str, branch: str | None, began_with: str
) -> str | None:
    """The commit that has `locks` (dvc.lock, and nested ones) as they are now; None when one has already.

    Args:
        branch: None for the one that is checked out. Another one gets the commit without being checked out,
            and is made where HEAD is when it does not exist.
        began_with: the text that the root's dvc.lock had when the run began.

    Raises:
        LockNotCommitted: something is staged, or somebody has changed dvc.lock on that branch meanwhile.
        NoGitRepository, GitFailed: as of a hook that refuses.
    """
    top = git_top(root)
    _require_no_merge(top)
    paths = [(root.resolve() / lock).relative_to(top.resolve()).as_posix() for lock in locks]
    current = _current_branch(top)
    if branch is None or branch == current:
        return _commit_here(top, paths, message)
    return _commit_there(top, paths, message, branch=branch, began_with=began_with)


def _commit_here(top: Path, paths: Sequence[str], message: str) -> str | None:
    if git_code(top, "diff", "--cached", "--quiet")[0]:
        names = git(top, "diff", "--cached", "--name-only").splitlines()
        reason = f"these files are staged and would come near it: {', '.join(names[:5])}"
        raise LockNotCommitted(top, reason, "Commit or unstage them (`git restore --staged .`).")
    git(top, "add", "--", *paths)
    if git_code(top, "diff", "--cached", "--quiet")[0] == 0:
        return None
    try:
        git(top, "commit", "--quiet", "--only", "-m", message, "--", *paths)
    except BaseException:
        git(top, "reset", "--quiet", "--", *paths)
        raise
    return git(top, "rev-parse", "HEAD")


def _commit_there(
    top: Path, paths: Sequence[str], message: str, *, branch: str, began_with: str
) -> str | None:
    ref = f"refs/heads/{branch}"
    code, found = git_code(top, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    tip, before = (git(top, "rev-parse", "HEAD"), "") if code else (found, found)
    there = _text(top, tip, paths[0])
    if there not in {None, began_with, _text(top, "HEAD", paths[0]), _now(top, paths[0])}:
        who = git(top, "log", "-1", "--format=%h by %an, %ar", tip, "--", paths[0])
        reason = f"branch {branch} has another dvc.lock than this run went on from (commit {who})"
        raise LockNotCommitted(top, reason, f"Bring both together: `git merge {branch}`, then `dvc repro`.")
    tree = _tree(top, tip, paths)
    if tree == git(top, "rev-parse", f"{tip}^{{tree}}"):
        return None
    commit = git(top, "commit-tree", tree, "-p", tip, "-m", message)
    code, failure = git_code(top, "update-ref", "-m", "ml_assets: dvc.lock", ref, commit, before or "0" * 40)
    if code:
        reason = f"branch {branch} was moved at the same moment ({failure})"
        raise LockNotCommitted(top, reason, "The next run commits it.")
    return commit


def _tree(top: Path, tip: str, paths: Sequence[str]) -> str:
    """Git's tree of `tip` with the files at `paths` as they are now, made in an index of its own."""
    with tempfile.TemporaryDirectory(prefix="ml_assets-") as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        git(top, "read-tree", tip, env=env)
        for path in paths:
            blob = git(top, "hash-object", "-w", "--path", path, "--stdin", stdin=_now(top, path))
            git(top, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=env)
        return git(top, "write-tree", env=env)


def _current_branch(top: Path) -> str | None:
    code, name = git_code(top, "symbolic-ref", "--quiet", "--short", "HEAD")
    return None if code else name


def _text(top: Path, commit: str, path: str) -> str | None:
    code, _ = git_code(top, "cat-file", "-e", f"{commit}:{path}")
    # Git's own output loses the newline at its end here.
    return None if code else git(top, "cat-file", "blob", f"{commit}:{path}") + "\n"


def _now(top: Path, path: str) -> str:
    return (top / path).read_text(encoding="utf-8")


def _require_no_merge(top: Path) -> None:
    git_dir = Path(git(top, "rev-parse", "--path-format=absolute", "--git-dir"))
    for name in ("MERGE_HEAD", "rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD"):
        if (git_dir / name).exists():
            raise LockNotCommitted(top, "a merge or a rebase is under way", "End it, or abort it.")
