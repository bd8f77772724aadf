"""Resolve a project's pipeline with DVC's own index and print it as JSON (run as a process)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from ml_assets.dvc._internals.refusal import reason, refused_file
from ml_assets.dvc._internals.repo import (
    DvcException,
    PipelineStage,
    execution_order,
    loaded_variables,
    open_repo,
    plot_sources,
)
from ml_assets.dvc.manifest import Manifest, Output, Source, Stage
from ml_assets.dvc.parts import META
from ml_assets.dvc.pipeline_files import Digests, digests
from ml_assets.dvc.yaml12 import Loader


class EmptyCommand(DvcException):  # type: ignore[misc]
    """A stage of a dvc.yaml with an empty `cmd`."""

    def __init__(self, stage: Any) -> None:
        self.path = stage.relpath
        super().__init__(f"stage '{stage.name}' in '{stage.relpath}' has an empty `cmd`")


def resolve(root: Path) -> Manifest:
    """The manifest of the DVC repository at `root`."""
    with open_repo(root) as repo:
        ordered = execution_order(repo)
        _require_commands(ordered)
        return Manifest(
            stages=tuple(_stage(root, stage) for stage in ordered if stage.cmd),
            sources=tuple(source for stage in ordered if not stage.cmd for source in _sources(root, stage)),
            plots=plot_sources(repo),
        )


def _require_commands(stages: list[Any]) -> None:
    for stage in stages:
        # DVC takes it for data that somebody added, and fails when it runs.
        if isinstance(stage, PipelineStage) and not stage.cmd:
            raise EmptyCommand(stage)


def _stage(root: Path, stage: Any) -> Stage:
    group = stage.raw_data.generated_from
    return Stage(
        name=stage.addressing,
        file=_relative(root, stage.path),
        wdir=_relative(root, stage.wdir),
        cmd=tuple(stage.cmd) if isinstance(stage.cmd, list) else (stage.cmd,),
        deps=tuple(_path(root, dep) for dep in stage.deps if not hasattr(dep, "params")),
        params={_path(root, dep): tuple(dep.params) for dep in stage.deps if hasattr(dep, "params")},
        outs=tuple(_output(root, out) for out in stage.outs),
        desc=stage.desc,
        meta=_table(stage.meta),
        frozen=stage.frozen,
        always_changed=stage.always_changed,
        group=group,
        line=_lines(stage.path).get(group or stage.name),
    )


def _output(root: Path, out: Any) -> Output:
    return Output(
        path=_path(root, out),
        cache=bool(out.use_cache),
        metric=bool(out.metric),
        plot=bool(out.plot),
        persist=bool(out.persist),
        push=bool(out.can_push),
        remote=out.remote,
        desc=out.annot.desc,
    )


def _sources(root: Path, stage: Any) -> tuple[Source, ...]:
    """What a .dvc file tracks: a folder is one source, into however many parts it is divided."""
    sources = tuple(_source(root, stage, out) for out in stage.outs)
    folder = _relative(root, stage.path).removesuffix(".dvc")
    if sources and all(source.path.startswith(f"{folder}/") for source in sources):
        meta = {key: value for key, value in _table(stage.meta).items() if key != META}
        return (replace(sources[0], path=folder, desc=stage.desc, meta=meta),)
    return sources


def _source(root: Path, stage: Any, out: Any) -> Source:
    return Source(
        path=_path(root, out),
        file=_relative(root, stage.path),
        desc=out.annot.desc or stage.desc,
        meta=_table(out.annot.meta) or _table(stage.meta),
        moving=bool((stage.is_import and not stage.frozen) or stage.is_partial_import),
    )


def _table(meta: Any) -> Mapping[str, Any]:
    # DVC allows any value below `meta`; ours can only be in a mapping.
    return meta if isinstance(meta, Mapping) else {}


@cache
def _lines(file: str) -> Mapping[str, int]:
    """Name → 1-based line of each stage in a dvc.yaml."""
    stages = _child(yaml.compose(Path(file).read_bytes(), Loader=Loader), "stages")
    return {key.value: key.start_mark.line + 1 for key, _ in getattr(stages, "value", ())}


def _default_variables(root: Path, manifest: Manifest) -> Digests:
    """The params.yaml beside each dvc.yaml: templating reads it as soon as it is there."""
    return digests(root, {str(PurePosixPath(stage.file).parent / "params.yaml") for stage in manifest.stages})


def _child(node: Any, name: str) -> Any:
    return next((value for key, value in getattr(node, "value", ()) if key.value == name), None)


def _path(root: Path, entry: Any) -> str:
    path = str(entry.def_path)
    if "://" in path or Path(path).is_absolute():
        return path
    return Path(os.path.relpath(entry.fs_path, root)).as_posix()


def _relative(root: Path, path: str) -> str:
    return Path(os.path.relpath(path, root)).as_posix()


def answer(root: Path) -> dict[str, Any]:
    """The manifest and what else it came from; or, as `refused`, what is wrong with which file."""
    try:
        with loaded_variables() as loaded:
            manifest = resolve(root)
    except Exception as error:  # noqa: BLE001 - what DVC did not foresee either: told without a traceback
        return {"refused": {"reason": reason(error), "file": refused_file(root, error)}}
    variables = {_relative(root, file): sha for file, sha in loaded.items()}
    return {"manifest": asdict(manifest), "variables": _default_variables(root, manifest) | variables}


def main() -> int:
    # YAML knows dates, JSON does not.
    json.dump(answer(Path(sys.argv[1])), sys.stdout, default=str)
    return 0


if __name__ == "__main__":
    sys.exit(main())
