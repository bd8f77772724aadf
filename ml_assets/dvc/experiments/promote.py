"""Makes an experiment the state of the branch: a commit of exactly what it changed, and a tag."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.experiments.apply import apply_experiment, changed_paths
from ml_assets.dvc.experiments.errors import PromotionRefused
from ml_assets.dvc.experiments.found import Experiment, find_experiment
from ml_assets.dvc.experiments.table import Group, Row, experiment_groups
from ml_assets.dvc.git import git, git_code, git_top
from ml_assets.dvc.snapshot import head_commit

# Files in Git's folder that say what is half done.
UNFINISHED = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
}


@dataclass(frozen=True)
class Promoted:
    """Commit `commit` of `branch` holds what the experiment changed; `tag` names it."""

    experiment: Experiment
    commit: str
    branch: str
    tag: str


def promote_experiment(
    root: Path, name: str, *, tag: str | None = None, message: str | None = None
) -> Promoted:
    """Apply experiment `name` and commit what it changed, nothing else, with an annotated tag.

    The tag is `experiment/<name>` unless given. Nothing is ever forced; hooks of the repository run.

    Raises:
        ExperimentUnknown, ExperimentAmbiguous, ApplyConflict, DataMissing: see `apply_experiment`.
        PromotionRefused: files are staged, a merge is half done, HEAD is on no branch, the tag is there
            already, the pipeline changed since the experiment's baseline, or a hook said no.
    """
    experiment = find_experiment(root, name)
    top, tag = git_top(root), tag or f"experiment/{experiment.name}"
    branch = _branch(top, experiment)
    _refuse_unready(top, experiment, tag)
    _refuse_moved(root, top, experiment)
    text = message or _message(experiment, _group(root, experiment))
    applied = apply_experiment(root, name)
    commit = _commit(top, experiment, applied.paths, text)
    git(top, "tag", "--annotate", "--message", text, tag, commit)
    return Promoted(experiment, commit, branch, tag)


def _branch(top: Path, experiment: Experiment) -> str:
    code, branch = git_code(top, "symbolic-ref", "--quiet", "--short", "HEAD")
    if code:
        raise PromotionRefused(experiment.name, "HEAD is on no branch", "`git switch BRANCH` first.")
    return branch


def _refuse_unready(top: Path, experiment: Experiment, tag: str) -> None:
    for file, what in UNFINISHED.items():
        if Path(git(top, "rev-parse", "--path-format=absolute", "--git-path", file)).exists():
            raise PromotionRefused(
                experiment.name, f"{what} is half done in '{top}'", "Finish or abort it first."
            )
    if staged := git(top, "diff", "--cached", "--name-only"):
        files = ", ".join(staged.splitlines())
        remedy = "Commit them, or `git restore --staged` them, first."
        raise PromotionRefused(experiment.name, f"files are staged: {files}", remedy)
    if git_code(top, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}")[0] == 0:
        raise PromotionRefused(experiment.name, f"there is a tag '{tag}' already", "Give another by --tag.")


def _refuse_moved(root: Path, top: Path, experiment: Experiment) -> None:
    """A commit since the baseline may have changed the pipeline: the experiment says nothing of that one."""
    from ml_assets.dvc._internals.experiments import declared_files
    from ml_assets.dvc._internals.repo import open_repo

    head = head_commit(top)
    if head == experiment.baseline:
        return
    project = root.resolve().relative_to(top.resolve())
    with open_repo(root) as repo:
        declared = [(project / path).as_posix() for path in declared_files(repo)]
    concerned = {*declared, *changed_paths(top, experiment.baseline, experiment.rev)}
    folders = tuple(f"{path}/" for path in concerned)
    moved = set(changed_paths(top, experiment.baseline, head)) & set(changed_paths(top, experiment.rev, head))
    if found := sorted(path for path in moved if path in concerned or path.startswith(folders)):
        where = f"between its baseline {experiment.baseline[:7]} and HEAD {head[:7]}"
        remedy = "Run the experiment again from here, and promote that one."
        raise PromotionRefused(experiment.name, f"{', '.join(found)} changed {where}", remedy)


def _commit(top: Path, experiment: Experiment, paths: tuple[str, ...], message: str) -> str:
    listed = ("--pathspec-from-file=-", "--pathspec-file-nul")
    if paths:
        git(top, "add", "--all", *listed, stdin="\0".join(paths))
    if not git(top, "diff", "--cached", "--name-only"):
        remedy = "There is nothing to commit; `git tag` can name it."
        raise PromotionRefused(experiment.name, "HEAD has all that it changed already", remedy)
    code, reason = git_code(top, "commit", "--quiet", "--file", "-", stdin=message)
    if code:
        git(top, "reset", "--quiet", *listed, stdin="\0".join(paths))
        remedy = "It is applied to the workspace; mend what Git says and promote it again."
        raise PromotionRefused(experiment.name, f"`git commit` refused: {reason}", remedy)
    return head_commit(top)


def _group(root: Path, experiment: Experiment) -> Group:
    (group,) = experiment_groups(root, baselines=[experiment.baseline], only=[experiment])
    return group


def _message(experiment: Experiment, group: Group) -> str:
    row = next(each for each in group.experiments if each.rev == experiment.rev)
    return "\n".join([f"Promote experiment {experiment.name}", "", *_facts(experiment, group, row)])


def _facts(experiment: Experiment, group: Group, row: Row) -> Iterator[str]:
    for param, value in group.changed(row).items():
        yield f"{param}: {group.baseline.params.get(param)} -> {value}"
    for metric in group.metrics():
        yield f"{metric}: {group.baseline.metrics.get(metric)} -> {row.metrics.get(metric)}"
    yield f"From {experiment.rev[:12]}, run on {experiment.baseline[:12]}."
