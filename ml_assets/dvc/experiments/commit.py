"""An experiment becomes a commit below its baseline, and a ref by which DVC knows it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ml_assets.dvc.experiments.errors import ExperimentNameTaken
from ml_assets.dvc.git import git, git_code, git_lines
from ml_assets.dvc.git_errors import GitFailed

# Hooks and the garbage collector of the repository have no business with an experiment.
RECEIVE = "git -c core.hooksPath=/dev/null -c receive.autogc=false receive-pack"


def commit_workspace(root: Path, *, baseline: str, files: Collection[str], message: str) -> str:
    """The commit of what the workspace around `root` holds now, with `baseline` as its parent.

    Of the files that Git does not track, only `files` (relative to `root`) are in it. HEAD stays.

    Raises:
        GitFailed: for example because nobody has told Git who is committing.
    """
    top = Path(git(root, "rev-parse", "--show-toplevel"))
    new = git_lines(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *files) if files else ()
    git(top, "add", "--update", "--", ".")
    if new:
        git(root, "add", "--pathspec-from-file=-", "--pathspec-file-nul", stdin="\0".join(new))
    tree = git(root, "write-tree")
    return git(root, "commit-tree", tree, "-p", baseline, "-F", "-", stdin=message)


def publish(root: Path, commit: str, *, to: Path, ref: str, name: str, baseline: str) -> None:
    """Make `commit` of the clone at `root` the experiment `ref` of the repository `to`.

    Raises:
        ExperimentNameTaken: somebody else has made that ref meanwhile; theirs stays.
        GitFailed.
    """
    # The empty value after the colon: the ref must not be there yet.
    lease = f"--force-with-lease={ref}:"
    command = (
        "push",
        "--quiet",
        "--no-verify",
        f"--receive-pack={RECEIVE}",
        lease,
        str(to),
        f"{commit}:{ref}",
    )
    code, reason = git_code(root, *command)
    if code and git_code(to, "rev-parse", "--verify", "--quiet", ref)[0] == 0:
        raise ExperimentNameTaken(name, baseline)
    if code:
        raise GitFailed(command, root, reason)
