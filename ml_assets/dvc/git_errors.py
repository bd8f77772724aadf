"""What can go wrong with Git: one class a cause, each naming the place and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml_assets.dvc.errors import DvcBridgeError


class GitFailed(DvcBridgeError):
    """A Git command that should succeed did not."""

    def __init__(self, arguments: Sequence[str], folder: Path, reason: str) -> None:
        self.arguments = tuple(arguments)
        self.folder = folder
        super().__init__(
            f"`git {arguments[0]}` failed in '{folder}': {reason}\n"
            "Mend what Git says (`git status` there shows the state), then try again."
        )


class NoGitRepository(DvcBridgeError):
    """Something needs Git's history, and the DVC project is outside of any Git repository."""

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder = folder
        super().__init__(
            f"'{folder}' is in no Git repository that can be read ({reason}). Experiments and clones are "
            "made of Git commits: `git init`, `git add`, `git commit`, then try again."
        )


class NoCommitYet(DvcBridgeError):
    """A Git repository without a commit."""

    def __init__(self, top: Path) -> None:
        self.top = top
        super().__init__(
            f"The Git repository '{top}' has no commit yet, and an experiment is kept below the "
            "commit that it started from. Commit first: `git add -A && git commit -m start`."
        )


class WorkspaceUnmerged(DvcBridgeError):
    """A merge is half done, so that there is no state to copy."""

    def __init__(self, top: Path, paths: Sequence[str]) -> None:
        self.top = top
        self.paths = tuple(paths)
        super().__init__(
            f"A merge in '{top}' has conflicts in {', '.join(paths)}. Resolve and `git add` them, or "
            "`git merge --abort`, then try again."
        )


class CommitUnknown(DvcBridgeError):
    """A commit is asked for that the repository does not have."""

    def __init__(self, folder: Path, commit: str) -> None:
        self.commit = commit
        super().__init__(
            f"The Git repository around '{folder}' does not have the commit {commit}. `git fetch` there, "
            "or look with `git log` whether it was rewritten, then try again."
        )


class LockNotCommitted(DvcBridgeError):
    """A run was to commit dvc.lock, and that would have touched what belongs to somebody else."""

    def __init__(self, top: Path, reason: str, remedy: str) -> None:
        self.reason = reason
        super().__init__(
            f"dvc.lock was not committed in '{top}': {reason}. The run itself is recorded. {remedy}"
        )
