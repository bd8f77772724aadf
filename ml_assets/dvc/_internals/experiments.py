"""The private names of DVC that experiments lean on: overrides, names, what belongs to one."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from dvc.config import Config, merge
from dvc.dependency.param import ParamsDependency
from dvc.exceptions import DvcException, InvalidArgumentError
from dvc.repo import Repo
from dvc.repo.experiments.collect import collect_rev
from dvc.repo.experiments.executor.base import BaseExecutor
from dvc.repo.experiments.refs import ExpRefInfo
from dvc.repo.experiments.utils import check_ref_format, describe, get_random_exp_name
from dvc.stage.serialize import to_single_stage_file
from dvc.stage.utils import _get_stage_files
from dvc.utils.cli_parse import to_path_overrides
from dvc.utils.hydra import apply_overrides, get_hydra_sweeps, to_hydra_overrides
from dvc.utils.serialize import dumps_yaml
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from ml_assets.dvc._internals.repo import configuration

__all__ = [
    "OVERRIDE_ERRORS",
    "carry_configuration",
    "changed_sources",
    "commit_name",
    "commit_state",
    "composed_file",
    "declared_files",
    "expand_sweeps",
    "experiment_digest",
    "experiment_ref",
    "is_valid_name",
    "override_file",
    "preload",
    "random_name",
    "split_by_file",
    "stage_files",
    "update_params",
    "with_changed_params",
]

logger = logging.getLogger(__name__)

PathOverrides = Mapping[str, Sequence[str]]

# What the functions for overrides below raise for a mistake in them.
OVERRIDE_ERRORS = (DvcException, HydraException, OmegaConfBaseException)


# What DVC imports when it first needs it in an experiment.
LATE = (
    "dulwich.index",
    "dulwich.patch",
    "dvc.repo.experiments.executor.local",
    "dvc.repo.experiments.queue.workspace",
    "dvc.repo.graph",
    "dvc.repo.trie",
    "dvc_data.hashfile.status",
    "dvc_data.index.checkout",
    "networkx",
)


def preload() -> None:
    """Import what DVC would import later: for a process that forks others."""
    for name in LATE:
        import_module(name)


def carry_configuration(source: Path, target: Path, *, own_cache: bool = False) -> None:
    """Write what both configuration files of the repository `source` say into `target`'s local one.

    Paths stay what they are in `source`, and so does the cache, unless `target` has its own; DVC's databases
    are the target's own, so that they go with it. The file may hold secrets: only its owner can read it.
    """
    found = configuration(source)
    carried: dict[str, Any] = {}
    for level in ("repo", "local"):
        merge(carried, found.read(level))
    default = {"dir": str(source / ".dvc" / "cache")}
    own = {"core": {"site_cache_dir": str(target / ".dvc" / "tmp" / "site")}}
    local = target / ".dvc" / "config.local"
    local.touch(mode=0o600)
    with Config(str(target / ".dvc")).edit("local") as written:
        merge(written, carried)
        merge(written, {"cache": {**default, **found["cache"]}, **own})
        if own_cache:
            written["cache"]["dir"] = str(target / ".dvc" / "cache")


def split_by_file(overrides: Sequence[str]) -> dict[str, list[str]]:
    """`[file:]key=value` texts → file → overrides of it, as `dvc exp run -S` takes them."""
    found: dict[str, list[str]] = to_path_overrides(overrides)
    return found


def expand_sweeps(overrides: PathOverrides) -> list[dict[str, list[str]]]:
    """One mapping for each combination that `a=1,2`, `choice(…)` and `range(…)` ask for."""
    parsed = [to_hydra_overrides(list(each)) for each in overrides.values()]
    if not any(override.is_sweep_override() for each in parsed for override in each):
        return [{path: list(each) for path, each in overrides.items()}]
    combinations: list[dict[str, list[str]]] = get_hydra_sweeps(
        {path: list(each) for path, each in overrides.items()}
    )
    return combinations


def override_file(path: Path, overrides: Sequence[str]) -> None:
    """Change values in a params file."""
    apply_overrides(str(path), list(overrides))


def composed_file(repo: Repo) -> str | None:
    """The params file that Hydra writes as a whole, out of a folder of configuration."""
    return "params.yaml" if repo.config.get("hydra", {}).get("enabled") else None


def update_params(repo: Repo, overrides: PathOverrides) -> None:
    """Change the params files in the workspace of `repo` as `dvc exp run -S` does."""
    found = {path: list(each) for path, each in overrides.items()}
    if (composed := composed_file(repo)) is not None:
        found.setdefault(composed, [])
    if found:
        repo.experiments.workspace_queue._update_params(found)


def experiment_ref(baseline: str, name: str) -> str:
    """The Git ref under which DVC keeps an experiment."""
    return str(ExpRefInfo(baseline, name))


def is_valid_name(repo: Repo, baseline: str, name: str) -> bool:
    """Whether DVC takes `name` for an experiment."""
    try:
        check_ref_format(repo.scm, ExpRefInfo(baseline, name))
    except InvalidArgumentError:
        return False
    return True


def random_name(repo: Repo, baseline: str) -> str:
    """A name of the kind that DVC gives (`adjective-noun`), which no experiment below `baseline` has."""
    return str(get_random_exp_name(repo.scm, baseline))


def declared_files(repo: Repo) -> tuple[str, ...]:
    """Paths from the root of dvc.yaml files, and of all that they name and DVC itself does not track."""
    return stage_files(repo, repo.index.stages)


def experiment_digest(stages: Iterable[Any]) -> str:
    """The digest of the stages' results that DVC writes into an experiment's message."""
    return str(BaseExecutor.hash_exp(stages))


def stage_files(repo: Repo, stages: Iterable[Any]) -> tuple[str, ...]:
    """The files of `stages` that DVC adds to an experiment's commit, by paths from the root.

    They are dvc.yaml and dvc.lock, .dvc files, dependencies and outputs that DVC does not track, and what
    the top of a dvc.yaml names. The working directory is the root.
    """
    files = [path for stage in stages for path in _get_stage_files(stage)]
    return tuple(dict.fromkeys([*files, *BaseExecutor._get_top_level_paths(repo)]))


def commit_state(repo: Repo, rev: str) -> Any:
    """Params and metrics of a commit, from DVC's own cache of them if they were asked for before."""
    return collect_rev(repo, rev)


def commit_name(repo: Repo, rev: str) -> str | None:
    """The branch or tag of a commit, as `dvc exp show` names it."""
    found: str | None = describe(repo.scm, [rev], logger=logger)[rev]
    return found


def with_changed_params(repo: Repo) -> tuple[str, ...]:
    """Names of the stages that ran with other values than their params files have now."""
    return tuple(
        stage.addressing
        for stage in repo.index.stages
        if any(isinstance(dep, ParamsDependency) and dep.status() for dep in stage.deps)
    )


def changed_sources(repo: Repo) -> dict[str, str]:
    """Path of each .dvc file whose data was edited since `dvc add` → the text that it would have now.

    The data goes into the cache, as `dvc exp run` does with it; the .dvc files are left alone.
    """
    found: dict[str, str] = {}
    for stage in repo.index.stages:
        if stage.is_data_source and not stage.deps and _take_in(stage):
            found[repo.fs.relpath(stage.path, repo.root_dir)] = dumps_yaml(to_single_stage_file(stage))
    return found


def _take_in(stage: Any) -> bool:
    changed = [out for out in stage.outs if out.exists and out.changed_checksum()]
    for out in changed:
        out.update_legacy_hash_name()
        out.meta, out.hash_info = out._get_hash_meta()
        out.files = None
        out.commit(relink=False)
    return bool(changed)
