"""Runs `git` quietly: nothing of ours takes the index lock of a repository that a person works in."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ml_assets.dvc.git_errors import GitFailed, NoGitRepository

# Set while Git runs a hook; they would send each of our commands to that repository.
FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")
QUIET = {
    # Without it even `git status` rewrites the index under the hands of whoever edits.
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


def git(folder: Path, *arguments: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> str:
    """Standard output of a Git command in `folder`, without the newline at its end.

    Raises:
        GitFailed: Git is missing or ended with another code than 0.
    """
    code, output = git_code(folder, *arguments, stdin=stdin, env=env)
    if code:
        raise GitFailed(arguments, folder, output or f"exit code {code}")
    return output


def git_code(
    folder: Path, *arguments: str, stdin: str | None = None, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Exit code of a Git command that may well fail, and its standard output, or error where it failed.

    Raises:
        GitFailed: Git is missing.
    """
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**environment, **QUIET, **(env or {})},
            input=stdin or "",
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
    except FileNotFoundError as error:
        raise GitFailed(arguments, folder, "git is not installed") from error
    return done.returncode, (done.stderr.strip() if done.returncode else done.stdout.removesuffix("\n"))


def git_lines(folder: Path, *arguments: str, stdin: str | None = None) -> tuple[str, ...]:
    """The NUL-separated names that a Git command with `-z` prints. Raises GitFailed."""
    return tuple(filter(None, git(folder, *arguments, stdin=stdin).split("\0")))


def git_top(folder: Path) -> Path:
    """The top of the Git workspace around `folder`.

    Raises:
        NoGitRepository: there is none.
    """
    code, output = git_code(folder, "rev-parse", "--show-toplevel")
    if code:
        raise NoGitRepository(folder, output)
    return Path(output)
