"""The files that Git ignores: a clone has none of them, so they are no part of the project."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

# Untracked and ignored, a folder with nothing else in it as one name that ends in `/`.
_LIST = ("git", "ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")


def git_ignored(root: Path) -> frozenset[str]:
    """What Git ignores below `root`, relative to it, whole folders as one path; nothing outside of Git."""
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return frozenset()
    # Without GIT_OPTIONAL_LOCKS=0 it might write the index under the hands of whoever commits.
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(_LIST, cwd=root, env=environment, capture_output=True, check=False)
    except FileNotFoundError:
        return frozenset()  # a machine without Git, where nothing is cloned either
    # A repository that Git refuses ignores nothing: that would only hide files. What is wrong with it is
    # said where its commit is read.
    names = os.fsdecode(done.stdout).split("\0") if done.returncode == 0 else []
    return frozenset(name.rstrip("/") for name in names if name)
