"""A private clone of a snapshot: its own files, DVC's shared cache, and no way back but Git's objects."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml_assets.dvc.git import git, git_code
from ml_assets.dvc.scratch import remove_tree
from ml_assets.dvc.snapshot import Snapshot

# Of a repository's own settings, those that say how files and commits are written.
CARRIED = (
    r"^(user|author|committer|filter\..*)\."
    r"|^core\.(autocrlf|eol|safecrlf|ignorecase|attributesfile|excludesfile)$"
)
MEMORY = Path(".ml_assets/memory")
CARRIED_FILES = ("info/exclude", "info/attributes", "shallow")


@contextmanager
def clone(snapshot: Snapshot, *, into: Path, lent: Path | None = None) -> Iterator[Path]:
    """The DVC project's root in a clone at `into`, which is removed at the end.

    HEAD is at the snapshot's baseline, the files and the index are the snapshot's. Objects are borrowed from
    the repository, which is only read. `lent` is the folder with copies of the lent files.

    Raises:
        GitFailed, and what DVC raises for a configuration that it cannot read.
    """
    try:
        yield make_clone(snapshot, into=into, lent=lent)
    finally:
        remove_tree(into)


def make_clone(snapshot: Snapshot, *, into: Path, lent: Path | None = None, own_cache: bool = False) -> Path:
    """As `clone`, for a clone that stays; with a cache of its own where it must not see what others made."""
    _make_repository(Path(snapshot.top), into)
    git(into, "update-ref", "--no-deref", "HEAD", snapshot.baseline)
    git(into, "read-tree", "--reset", "-u", snapshot.tree)
    if lent is not None and lent.exists():
        shutil.copytree(lent, into, symlinks=True, dirs_exist_ok=True)
    _configure_dvc(Path(snapshot.top, snapshot.project), into / snapshot.project, own_cache=own_cache)
    return into / snapshot.project


def clone_environment(snapshot: Snapshot, into: Path) -> dict[str, str]:
    """What stages need to be told in the clone, lest they import code of the workspace that was cloned.

    An editable install and PYTHONPATH point into that workspace; the same folders of the clone come first.
    """
    top = Path(snapshot.top)
    inside = [Path(path).relative_to(top) for path in sys.path if path and Path(path).is_relative_to(top)]
    own = [into / snapshot.project, *(into / path for path in inside if not _is_environment(top / path))]
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    foreign = [path for path in inherited if path and not Path(path).is_relative_to(top)]
    return {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys([*map(str, own), *foreign])),
        # Stages that remember what they have made do so for all clones, which are removed at their end.
        "ML_ASSETS_MEMORY": os.environ.get("ML_ASSETS_MEMORY") or str(top / snapshot.project / MEMORY),
    }


def _is_environment(path: Path) -> bool:
    """Whether a folder belongs to a virtual environment inside of the workspace, which no clone has."""
    return any((folder / "pyvenv.cfg").exists() for folder in (path, *path.parents))


def _make_repository(source: Path, into: Path) -> None:
    """An empty repository that finds all objects of `source` in their place.

    `git clone --shared` would copy every ref as well, and set a remote that points back.
    """
    form = git(source, "rev-parse", "--show-object-format")
    into.mkdir(parents=True)
    git(into, "init", "--quiet", "--template=", f"--object-format={form}")
    objects = _git_path(source, "objects")
    alternates = into / ".git" / "objects" / "info" / "alternates"
    alternates.parent.mkdir(exist_ok=True)
    alternates.write_text(f"{objects}\n", encoding="utf-8")
    for name in CARRIED_FILES:
        if (file := _git_path(source, name)).is_file():
            target = into / ".git" / name
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, target)
    _carry_settings(source, into)


def _git_path(source: Path, name: str) -> Path:
    return Path(git(source, "rev-parse", "--path-format=absolute", "--git-path", name))


def _carry_settings(source: Path, into: Path) -> None:
    code, found = git_code(source, "config", "--local", "--null", "--get-regexp", CARRIED)
    if code:
        return  # there are none
    for entry in filter(None, found.split("\0")):
        name, _, value = entry.partition("\n")
        git(into, "config", "--add", name, value)


def _configure_dvc(source: Path, target: Path, *, own_cache: bool) -> None:
    from ml_assets.dvc._internals.experiments import carry_configuration

    carry_configuration(source, target, own_cache=own_cache)
