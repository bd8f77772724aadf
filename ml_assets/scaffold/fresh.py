"""A fresh project: the template's files, a DVC repository with a local remote, the first commit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.project import DvcProject
from ml_assets.scaffold.adoption import plan_adoption
from ml_assets.scaffold.change import Change, make
from ml_assets.scaffold.errors import FolderTaken, NameNotAllowed, ToolFailed
from ml_assets.scaffold.template import render_tree

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
REMOTE = ("storage", ".remote")
MESSAGE = "A pipeline of five stages"


@dataclass(frozen=True)
class FreshProject:
    """Where it is, and why it is not committed (None: it is)."""

    root: Path
    uncommitted: str | None


def make_project(parent: Path, name: str) -> FreshProject:
    """Make the project `name` in the folder `parent`.

    Raises:
        NameNotAllowed, FolderTaken, ToolFailed, WriteFailed.
    """
    if not NAME.fullmatch(name):
        raise NameNotAllowed(name)
    root = parent / name
    if root.exists() or root.is_symlink():
        raise FolderTaken(root)
    make([Change(root / path, None, text, "") for path, text in render_tree("new", name=name).items()])
    _make_repository(root)
    make(plan_adoption(DvcProject(root.resolve())).changes)
    return FreshProject(root, _commit(root))


def _make_repository(root: Path) -> None:
    _run(root, "git", "init", "--quiet", "--initial-branch=main")
    ignored = (root / ".dvcignore").read_text(encoding="utf-8")
    dvc = (sys.executable, "-m", "dvc")
    _run(root, *dvc, "init", "--quiet")
    _run(root, *dvc, "remote", "add", "--quiet", "--default", *REMOTE)
    _run(root, *dvc, "config", "core.analytics", "false")
    # `dvc init` writes one of its own over ours.
    (root / ".dvcignore").write_text(ignored, encoding="utf-8")


def _commit(root: Path) -> str | None:
    """Why there is no commit, in git's words; everything is staged then."""
    _run(root, "git", "add", "--all")
    # Without a name of theirs git would make one up of the machine's, or refuse.
    named = _git(root, "-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT")
    done = named if named.returncode else _git(root, "commit", "--quiet", "--message", MESSAGE)
    return done.stderr.strip() or "git gave no reason" if done.returncode else None


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments], cwd=root, env=_environment(), capture_output=True, text=True, check=False
    )


def _run(root: Path, *command: str) -> None:
    shown = " ".join(["dvc", *command[3:]] if command[0] == sys.executable else command)
    try:
        done = subprocess.run(
            command, cwd=root, env=_environment(), capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise ToolFailed(shown, root, f"'{command[0]}' is not installed") from error
    if done.returncode:
        raise ToolFailed(shown, root, done.stderr.strip() or f"exit code {done.returncode}")


def _environment() -> Mapping[str, str]:
    # A git hook's GIT_DIR would send all this into another repository.
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
    }
    return {**kept, "DVC_NO_ANALYTICS": "1", "LC_ALL": "C"}
