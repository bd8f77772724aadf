"""The import closure of a stage: the files of the project that its Python reaches, found by reading alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ml_assets.dvc.environment import environment
from ml_assets.dvc.manifest import Manifest, Stage
from ml_assets.dvc.paths import ancestors
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.static.project_code import ProjectCode
from ml_assets.dvc.static.walk import Closure, walk

STRICT = "strict"


def import_closure(root: Path, stage: Stage, *, code: ProjectCode | None = None) -> tuple[str, ...]:
    """The files, relative to the project's `root` and sorted, that the stage's scripts reach by imports.

    The scripts themselves are among them, and so are shell scripts and notebooks; what is installed, what Git
    ignores and what the stage reads as params is not. `code` saves reading all again for each of many stages.
    """
    return find_closure(root, stage, code=code).files


def find_closure(root: Path, stage: Stage, *, code: ProjectCode | None = None) -> Closure:
    """The import closure, with what cannot be told from the text."""
    if code is not None:
        return walk(code, stage)
    code = DvcProject(root).code()
    found = walk(code, stage)
    code.save()
    return found


def undeclared_code(manifest: Manifest, stage: Stage, closure: Sequence[str]) -> tuple[str, ...]:
    """The files of the closure that DVC does not know to belong to the stage.

    Known are `deps`, as a file or as a folder around it, and what stages make or .dvc files track: that is
    data to DVC, with a version of its own.
    """
    deps = set(stage.deps)
    return tuple(file for file in own_code(manifest, closure) if deps.isdisjoint((file, *ancestors(file))))


def own_code(manifest: Manifest, closure: Sequence[str]) -> tuple[str, ...]:
    """The files of the closure that people write: neither outputs of a stage nor tracked data."""
    return tuple(file for file in closure if not manifest.is_data(file))


def code_digest(root: Path, manifest: Manifest, stage: Stage, *, code: ProjectCode | None = None) -> str:
    """SHA-256 of path and content of each file of the closure that people write.

    Under `meta.dagster.environment: strict` the environment counts too: interpreter, what is installed in it,
    lock files.
    """
    if code is None:
        code = DvcProject(root).code()
        digest = code_digest(root, manifest, stage, code=code)
        code.save()
        return digest
    files = own_code(manifest, import_closure(root, stage, code=code))
    parts = {
        "files": [(file, code.sha256(file)) for file in files],
        "environment": asdict(environment(root)) if is_strict(stage) else None,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def is_strict(stage: Stage) -> bool:
    """Whether a changed environment makes the stage run again."""
    table = stage.meta.get("dagster") or {}
    return bool(table.get("environment") == STRICT)
