"""A clone of one commit that stays: production runs in it, and the person's checkout is never touched."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml_assets.dvc.clone import clone_environment, make_clone
from ml_assets.dvc.git import git_code, git_top
from ml_assets.dvc.git_errors import CommitUnknown
from ml_assets.dvc.scratch import remove_tree
from ml_assets.dvc.snapshot import Snapshot, snapshot_of_commit

FOLDER = Path(".dvc/tmp/ml_assets/production")
DIGITS = 12
_WHOLE = "whole"


def pinned_clone(home: Path, commit: str) -> Path:
    """The root of the DVC project at `home` in the clone of `commit`, made when it is not there yet.

    Raises:
        CommitUnknown, NoGitRepository, GitFailed, and what DVC raises for a configuration it cannot read.
    """
    folder = home / FOLDER
    into = folder / commit[:DIGITS]
    project = into / home.resolve().relative_to(git_top(home).resolve())
    if _is_whole(into):
        return project
    require_commit(home, commit)
    with _alone(folder):
        if not _is_whole(into):
            # Somebody was killed while they made it.
            remove_tree(into)
            make_clone(snapshot_of_commit(home, commit), into=into)
            (into / ".git" / _WHOLE).touch()
    return project


def pinned_environment(home: Path, commit: str) -> dict[str, str]:
    """What stages need to be told, lest they import code of the checkout: see `clone_environment`."""
    return clone_environment(_place(home, commit), home / FOLDER / commit[:DIGITS])


def require_commit(home: Path, commit: str) -> None:
    """Raises CommitUnknown where the repository around `home` does not have it."""
    code, _ = git_code(home, "cat-file", "-e", f"{commit}^{{commit}}")
    if code:
        raise CommitUnknown(home, commit)


def _place(home: Path, commit: str) -> Snapshot:
    top = git_top(home)
    return Snapshot(
        top=str(top), project=home.resolve().relative_to(top.resolve()).as_posix(), baseline=commit, tree=""
    )


def _is_whole(into: Path) -> bool:
    return (into / ".git" / _WHOLE).exists()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "making.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
