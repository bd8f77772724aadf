"""Brings an experiment into the workspace, unless that would overwrite what the experiment does not know."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.experiments.errors import ApplyConflict, DataMissing
from ml_assets.dvc.experiments.found import Experiment, find_experiment
from ml_assets.dvc.git import git, git_lines, git_top
from ml_assets.dvc.snapshot import Snapshot, take_snapshot


@dataclass(frozen=True)
class Applied:
    """An experiment that is in the workspace now; `paths` (from Git's top) are what it changed."""

    experiment: Experiment
    paths: tuple[str, ...]


def apply_experiment(root: Path, name: str) -> Applied:
    """Make the workspace what experiment `name` is: its params, code and dvc.lock, and the outputs of these.

    `dvc exp apply` overwrites edits; this refuses to. Applying again changes nothing.

    Raises:
        ExperimentUnknown, ExperimentAmbiguous.
        ApplyConflict: a file that the experiment changed is in another state than the experiment's and its
            baseline's, or an output is in no cache; nothing was changed.
        DataMissing: the files are the experiment's, but the cache lacks some of its outputs.
    """
    experiment = find_experiment(root, name)
    top = git_top(root)
    paths = changed_paths(top, experiment.baseline, experiment.rev)
    before = _state(root, top, paths)
    differing = _differing(top, before.tree, experiment.rev, paths)
    if conflicts := differing & _differing(top, before.tree, experiment.baseline, paths):
        told = [f"{path} has other changes than the experiment" for path in sorted(conflicts)]
        raise ApplyConflict(name, told)
    _write_files(top, experiment.rev, differing)
    _checkout_outputs(root, top, name, before, differing)
    return Applied(experiment, paths)


def changed_paths(top: Path, one: str, other: str) -> tuple[str, ...]:
    """Paths in which two commits or trees differ."""
    return git_lines(top, "diff-tree", "-r", "-z", "--no-renames", "--name-only", one, other)


def _state(root: Path, top: Path, paths: Iterable[str]) -> Snapshot:
    """The workspace now, with the files of `paths` that Git does not track."""
    project = root.resolve().relative_to(top.resolve())
    inside = [path for path in paths if Path(path).is_relative_to(project)]
    return take_snapshot(root, declared=[Path(path).relative_to(project).as_posix() for path in inside])


def _differing(top: Path, tree: str, other: str, paths: Collection[str]) -> set[str]:
    return set(changed_paths(top, tree, other)) & set(paths)


def _write_files(top: Path, source: str, paths: Collection[str]) -> None:
    """Make the files of `paths` what the commit or tree `source` says; the index is left alone."""
    if not paths:
        return
    held = set(git_lines(top, "ls-tree", "-r", "-z", "--name-only", "--full-tree", source)) & set(paths)
    if held:
        listed = ("--pathspec-from-file=-", "--pathspec-file-nul")
        git(top, "restore", f"--source={source}", "--worktree", *listed, stdin="\0".join(held))
    for path in set(paths) - held:
        (top / path).unlink(missing_ok=True)


def _checkout_outputs(root: Path, top: Path, name: str, before: Snapshot, written: Collection[str]) -> None:
    from ml_assets.dvc._internals.repo import CheckoutError, DvcException, open_repo

    try:
        with open_repo(root) as repo:
            repo.checkout(force=False)
    except CheckoutError as error:
        raise DataMissing(tuple(error.target_infos), str(root / ".dvc" / "cache")) from error
    except DvcException as error:
        # It looks for files in no cache before it touches anything.
        _write_files(top, before.tree, written)
        raise ApplyConflict(name, str(error).splitlines()) from error
