"""From a request to a batch: sweeps multiplied out, names given, mistakes found before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ml_assets.dvc.errors import ManifestFailed
from ml_assets.dvc.experiments import overrides
from ml_assets.dvc.experiments.errors import ExperimentNameInvalid, ExperimentNameTaken
from ml_assets.dvc.experiments.values import Batch, ExperimentRequest, PlannedExperiment
from ml_assets.dvc.git import git_code, git_top
from ml_assets.dvc.snapshot import Snapshot, head_commit, take_snapshot


def plan_experiments(root: Path, request: ExperimentRequest) -> Batch:
    """The batch that `request` asks for, of the workspace at `root` as it is now.

    The workspace is only read. Data that was edited since `dvc add` enters DVC's cache.

    Raises:
        OverrideInvalid, ExperimentNameInvalid, ExperimentNameTaken.
        NoGitRepository, NoCommitYet, WorkspaceUnmerged, GitFailed.
        ManifestFailed: DVC cannot read its configuration or the pipeline.
    """
    baseline = head_commit(git_top(root))
    combinations = overrides.expand(request.overrides)
    with _readable(root) as repo:
        _check(root, repo, combinations)
        names = tuple(_names(repo, baseline, request.name, len(combinations)))
        snapshot = _snapshot(root, repo)
    planned = zip(names, combinations, strict=True)
    return Batch(
        snapshot=snapshot,
        experiments=tuple(PlannedExperiment(name=name, overrides=each) for name, each in planned),
        targets=request.targets,
        message=request.message,
        jobs=request.jobs,
        stage_jobs=max(1, (os.cpu_count() or 1) // request.jobs),
    )


@contextmanager
def _readable(root: Path) -> Iterator[Any]:
    """DVC's `Repo`; what is wrong with its files is told as for any other command."""
    from ml_assets.dvc._internals.repo import DvcException, open_repo

    try:
        with open_repo(root) as repo:
            yield repo
    except DvcException as error:
        raise ManifestFailed(root, str(error)) from error


def _check(root: Path, repo: Any, combinations: Sequence[overrides.Overrides]) -> None:
    from ml_assets.dvc._internals.experiments import composed_file

    composed = composed_file(repo)
    for combination in combinations:
        overrides.check(root, combination, composed=composed)


def _names(repo: Any, baseline: str, wanted: str | None, number: int) -> Iterator[str]:
    """As DVC gives them; one that is taken is refused now, and not after hours of training."""
    from ml_assets.dvc._internals.experiments import experiment_ref, is_valid_name, random_name

    if wanted is None:
        made: set[str] = set()
        while len(made) < number:
            made.add(random_name(repo, baseline))
        yield from sorted(made)
        return
    for name in [wanted] if number == 1 else [f"{wanted}-{n + 1}" for n in range(number)]:
        if not is_valid_name(repo, baseline, name):
            raise ExperimentNameInvalid(name)
        ref = experiment_ref(baseline, name)
        code, _ = git_code(Path(repo.root_dir), "rev-parse", "--verify", "--quiet", ref)
        if code == 0:
            raise ExperimentNameTaken(name, baseline)
        yield name


def _snapshot(root: Path, repo: Any) -> Snapshot:
    from ml_assets.dvc._internals.experiments import changed_sources, declared_files

    # Under DVC's lock: a landing or a `dvc add` must not be seen half done.
    with repo.lock:
        contents = changed_sources(repo)
    return take_snapshot(root, declared=declared_files(repo), contents=contents)
