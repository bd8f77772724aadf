"""Resolve a project's pipeline with DVC's own index and print it as JSON (run as a process)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ml_assets.dvc._internals import DvcException, execution_order, open_repo, plot_sources
from ml_assets.dvc.manifest import Manifest, Output, Source, Stage


def resolve(root: Path) -> Manifest:
    """The manifest of the DVC repository at `root`."""
    with open_repo(root) as repo:
        ordered = execution_order(repo)
        return Manifest(
            stages=tuple(_stage(root, stage) for stage in ordered if stage.cmd),
            sources=tuple(
                _source(root, stage, out) for stage in ordered if not stage.cmd for out in stage.outs
            ),
            plots=plot_sources(repo),
        )


def _stage(root: Path, stage: Any) -> Stage:
    return Stage(
        name=stage.addressing,
        file=_relative(root, stage.path),
        wdir=_relative(root, stage.wdir),
        cmd=tuple(stage.cmd) if isinstance(stage.cmd, list) else (stage.cmd,),
        deps=tuple(_path(root, dep) for dep in stage.deps if not hasattr(dep, "params")),
        params={_path(root, dep): tuple(dep.params) for dep in stage.deps if hasattr(dep, "params")},
        outs=tuple(_output(root, out) for out in stage.outs),
        desc=stage.desc,
        meta=stage.meta or {},
        frozen=stage.frozen,
        always_changed=stage.always_changed,
    )


def _output(root: Path, out: Any) -> Output:
    return Output(
        path=_path(root, out),
        cache=bool(out.use_cache),
        metric=bool(out.metric),
        desc=out.annot.desc,
    )


def _source(root: Path, stage: Any, out: Any) -> Source:
    return Source(
        path=_path(root, out),
        file=_relative(root, stage.path),
        desc=out.annot.desc or stage.desc,
        meta=out.annot.meta or stage.meta or {},
    )


def _path(root: Path, entry: Any) -> str:
    return _relative(root, entry.fs_path) if entry.is_in_repo else str(entry.def_path)


def _relative(root: Path, path: str) -> str:
    absolute = Path(path)
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else absolute.as_posix()


def _causes(error: BaseException | None) -> Iterator[str]:
    """DVC's own words, and those below it, which know line and column."""
    while error is not None:
        yield str(error)
        error = error.__cause__


def main() -> int:
    root = Path(sys.argv[1])
    try:
        manifest = resolve(root)
    except DvcException as error:
        print("\n".join(_causes(error)), file=sys.stderr)  # noqa: T201 - this module's output is its protocol
        return 1
    json.dump(asdict(manifest), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
