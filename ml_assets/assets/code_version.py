"""The code version of a stage: a digest of all that it should run again for, data apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ml_assets.dvc.closure import code_digest
from ml_assets.dvc.digest import digest_of
from ml_assets.dvc.errors import ParamsUnreadable
from ml_assets.dvc.manifest import Manifest, Stage
from ml_assets.dvc.params import param_values
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.static.project_code import ProjectCode


def code_version(project: DvcProject, manifest: Manifest, stage: Stage) -> str:
    """SHA-256 (16 hex digits) of command, working directory, tracked params, code files and import closure.

    Code files are the dependencies that no stage makes and no .dvc file tracks; a missing one counts as
    such, and so does a missing or broken params file, since DVC reports it better when the stage runs.
    Params files that another stage makes are data. The environment counts where the stage is strict about it.
    """
    code = project.code()
    parts = {
        "cmd": stage.cmd,
        "wdir": stage.wdir,
        "params": _params(project.root, manifest, stage),
        "code": {dep: _content(code, dep) for dep in code_dependencies(manifest, stage)},
        "closure": code_digest(project.root, manifest, stage, code=code),
    }
    return digest_of(parts)[:16]


def _params(root: Path, manifest: Manifest, stage: Stage) -> object:
    made = manifest.producers()
    own = {file: keys for file, keys in stage.params.items() if file not in made}
    try:
        return param_values(root, replace(stage, params=own))
    except ParamsUnreadable as error:
        return str(error)


def code_dependencies(manifest: Manifest, stage: Stage) -> tuple[str, ...]:
    """The dependencies of `stage` that are neither outputs nor tracked data: files of the repository."""
    return tuple(dep for dep in stage.deps if not manifest.is_data(dep))


def _content(code: ProjectCode, dep: str) -> str | Mapping[str, str | None] | None:
    """The digest of a file, or of each script in a folder: what else is in there may be data of any size."""
    if (code.root / dep).is_dir():
        return {file: code.sha256(file) for file in code.scripts_below(dep)}
    return code.sha256(dep)
