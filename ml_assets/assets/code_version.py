"""The code version of a stage: a digest of all that DVC would run it again for, data apart."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from ml_assets.dvc.errors import ParamsUnreadable
from ml_assets.dvc.manifest import Manifest, Stage
from ml_assets.dvc.params import param_values


def code_version(root: Path, manifest: Manifest, stage: Stage) -> str:
    """SHA-256 (16 hex digits) of the command, the working directory, the tracked params and the code files.

    Code files are the dependencies that no stage makes and no .dvc file tracks; a missing one counts as
    such, and so does a missing or broken params file, since DVC reports it better when the stage runs.
    Params files that another stage makes are data.
    """
    parts = {
        "cmd": stage.cmd,
        "wdir": stage.wdir,
        "params": _params(root, manifest, stage),
        "code": {dep: _sha256(root / dep) for dep in code_dependencies(manifest, stage)},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


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


def _sha256(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
