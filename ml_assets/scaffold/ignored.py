"""What stays out of Git, said in files of our own and in the clone's private list, not in the user's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ml_assets.scaffold.change import Change
from ml_assets.scaffold.template import render

PRIVATE = ".ml_assets"
# The first is made by each `dagster` command without a DAGSTER_HOME, where it is called.
BY_DAGSTER = (".tmp_dagster_home_*/", "__pycache__/")


def plan_ignored(root: Path) -> list[Change]:
    """The .gitignore of our own folder, and lines of `.git/info/exclude`; nothing outside of Git."""
    exclude = _git(root, "rev-parse", "--git-path", "info/exclude")
    return [] if exclude is None else [*_own_folder(root), *_private_list(root, root / exclude)]


def _own_folder(root: Path) -> list[Change]:
    path = root / PRIVATE / ".gitignore"
    if path.exists() or _is_ignored(root, f"{PRIVATE}/"):
        return []
    return [Change(path, None, render("adopt/gitignore"), "keeps what runs leave behind out of Git")]


def _private_list(root: Path, path: Path) -> list[Change]:
    lines = [f"{each}\n" for each in BY_DAGSTER if not _is_ignored(root, each.replace("*", "x"))]
    if not lines:
        return []
    before = path.read_bytes().decode() if path.exists() else None
    gap = "\n" if before and not before.endswith("\n") else ""
    after = f"{before or ''}{gap}{''.join(lines)}"
    return [Change(path, before, after, "Dagster's temporary files, in this clone only")]


def _is_ignored(root: Path, path: str) -> bool:
    return _git(root, "check-ignore", "--no-index", path) is not None


def _git(root: Path, *arguments: str) -> str | None:
    """What git answers; None where it says no, is not there, or this is none of its repositories."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.rstrip("\n") if done.returncode == 0 else None
