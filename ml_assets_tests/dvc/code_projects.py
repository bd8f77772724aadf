"""Stages and their code without DVC: to find a closure takes neither a repository nor a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ml_assets.dvc.closure import find_closure, import_closure
from ml_assets.dvc.manifest import Manifest, Output, Source, Stage
from ml_assets.dvc.static.walk import Closure
from ml_assets_tests.factories import write


def a_stage(
    *cmd: str, wdir: str = ".", deps: tuple[str, ...] = (), outs: tuple[str, ...] = (), **more: object
) -> Stage:
    fields: dict[str, object] = {"params": {}, "name": "stage", "file": "dvc.yaml", **more}
    made = tuple(Output(out) for out in outs)
    return Stage(cmd=cmd, wdir=wdir, deps=deps, outs=made, **fields)  # type: ignore[arg-type]


def a_manifest(*stages: Stage, tracked: tuple[str, ...] = ()) -> Manifest:
    return Manifest(stages, tuple(Source(path, f"{path}.dvc") for path in tracked))


def reached(root: Path, files: Mapping[str, str], *cmd: str, wdir: str = ".") -> set[str]:
    """The import closure of a command in a project of `files`."""
    write(root, files)
    return set(import_closure(root, a_stage(*cmd, wdir=wdir)))


def whole_closure(root: Path, files: Mapping[str, str], *cmd: str) -> Closure:
    write(root, files)
    return find_closure(root, a_stage(*cmd))
