"""The experiments that a repository has, by the refs under which DVC keeps them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.experiments.errors import ExperimentAmbiguous, ExperimentUnknown
from ml_assets.dvc.experiments.values import Batch
from ml_assets.dvc.git import git, git_top
from ml_assets.dvc.snapshot import head_commit

# refs/exps/01/234abcd…/name; others below refs/exps are DVC's workbench.
REF = re.compile(r"refs/exps/(?P<start>[0-9a-f]{2})/(?P<rest>[0-9a-f]{38,62})/(?P<name>[^/]+)")


@dataclass(frozen=True)
class Experiment:
    """An experiment: commit `rev`, made from commit `baseline`."""

    name: str
    ref: str
    rev: str
    baseline: str


def list_experiments(root: Path) -> tuple[Experiment, ...]:
    """All experiments of the Git repository around `root`. Raises NoGitRepository."""
    lines = git(git_top(root), "for-each-ref", "--format=%(objectname) %(refname)", "refs/exps").splitlines()
    found = []
    for line in lines:
        rev, _, ref = line.partition(" ")
        if match := REF.fullmatch(ref):
            found.append(Experiment(match["name"], ref, rev, match["start"] + match["rest"]))
    return tuple(found)


def find_experiment(root: Path, name: str) -> Experiment:
    """The experiment of that name, or of that whole ref; of several, the one below HEAD.

    Raises:
        ExperimentUnknown, ExperimentAmbiguous, NoGitRepository, NoCommitYet.
    """
    every = list_experiments(root)
    found = [each for each in every if name in {each.name, each.ref}]
    if not found:
        raise ExperimentUnknown(name, sorted({each.name for each in every}))
    head = head_commit(git_top(root))
    chosen = [each for each in found if each.baseline == head] if len(found) > 1 else found
    if len(chosen) != 1:
        raise ExperimentAmbiguous(name, [each.ref for each in found])
    return chosen[0]


def kept_experiments(root: Path, batch: Batch) -> tuple[Experiment, ...]:
    """Those of a batch that have been saved, in the batch's order. Raises NoGitRepository."""
    below = {each.name: each for each in list_experiments(root) if each.baseline == batch.snapshot.baseline}
    return tuple(below[each.name] for each in batch.experiments if each.name in below)
