"""Makes the record of a run of stages out of what DVC wrote: locks, outputs, metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from ml_assets.dvc.closure import code_digest, import_closure, own_code
from ml_assets.dvc.lockfile import (
    LockedStage,
    output_paths,
    read_locks,
    root_lock_text,
    source_hashes,
    stale_stages,
)
from ml_assets.dvc.manifest import Manifest
from ml_assets.dvc.metrics import read_metrics
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.sha256 import sha256_of
from ml_assets.ledger.canonical import Plain
from ml_assets.ledger.origin import collect
from ml_assets.ledger.record import (
    CheckOutcome,
    DagsterRun,
    Outcome,
    OutputRecord,
    RunDraft,
    RunRecord,
    StageCode,
)

LARGEST_SMALL_OUTPUT = 1_000_000


def is_recorded(project: DvcProject, newest: RunRecord | None) -> bool:
    """Whether `newest` already says exactly what the project's dvc.lock and .dvc files say."""
    return newest is not None and (newest.dvc_lock, newest.dvc_files) == (
        root_lock_text(project.root),
        dvc_file_texts(project),
    )


def draft_run(
    project: DvcProject,
    *,
    stages: Mapping[str, Outcome],
    newest: RunRecord | None,
    parent: int | None = None,
    checks: Iterable[CheckOutcome] = (),
    dagster: DagsterRun | None = None,
    pushed: bool = True,
) -> RunDraft:
    """The draft of a record of the project's state after `stages` were brought up to date.

    Args:
        stages: name → outcome of each stage of this run; the others are looked at for staleness only.
        newest: the run record before, whose SHA-256 of an unchanged output is taken over.
        parent: the record whose state the run began with.
        checks: what asset checks said of it so far.
        pushed: whether its outputs are on the remote, but for those that never are.
    """
    manifest = project.manifest()
    locked = read_locks(project.root, manifest)
    declared = {file for stage in manifest.stages for file in stage.params}
    params = [file for file in sorted(declared) if (project.root / file).is_file()]
    return RunDraft(
        **dict(collect(project.root, params=params, without=state_paths(manifest), dagster=dagster)),
        dvc_lock=root_lock_text(project.root),
        dvc_files=dvc_file_texts(project),
        stages=dict(stages),
        parent=parent,
        stale=stale_stages(manifest, locked, source_hashes(project.root, manifest)),
        **_code(project, manifest),
        checks=tuple(checks),
        outputs=tuple(_outputs(project, manifest, locked, newest, pushed=pushed)),
        metrics=read_all_metrics(project.root, manifest),
        small_outputs=_small_outputs(project.root, manifest),
    )


def state_paths(manifest: Manifest) -> list[str]:
    """The files by which Git would know DVC's state; a record keeps their texts itself."""
    locks = {stage.file.removesuffix("yaml") + "lock" for stage in manifest.stages}
    uncached = {out.path for stage in manifest.stages for out in stage.outs if not out.cache}
    return sorted({"dvc.lock", *locks, *uncached, *(source.file for source in manifest.sources)})


def unpushed_sources(project: DvcProject, pushed: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """The .dvc files whose text is in none of `pushed`, the texts of records that came after their push."""
    known = list(pushed)
    return tuple(
        file
        for file, text in dvc_file_texts(project).items()
        if file.endswith(".dvc") and not any(texts.get(file) == text for texts in known)
    )


def dvc_file_texts(project: DvcProject) -> dict[str, str]:
    """Path → text of each .dvc file of the project, and of each dvc.lock but the root's."""
    manifest = project.manifest()
    locks = {stage.file.removesuffix("yaml") + "lock" for stage in manifest.stages} - {"dvc.lock"}
    files = sorted({source.file for source in manifest.sources} | locks)
    paths = {file: project.root / file for file in files}
    return {file: path.read_text(encoding="utf-8") for file, path in paths.items() if path.exists()}


def _code(project: DvcProject, manifest: Manifest) -> dict[str, Any]:
    """The import closure of each stage, which Git's commit and patch hold."""
    code = project.code()
    files = {
        stage.name: own_code(manifest, import_closure(project.root, stage, code=code))
        for stage in manifest.stages
    }
    return {
        "code": {
            stage.name: StageCode(
                digest=code_digest(project.root, manifest, stage, code=code), files=files[stage.name]
            )
            for stage in manifest.stages
        },
        "code_files": {file: code.sha256(file) for file in sorted(set(chain.from_iterable(files.values())))},
    }


def _outputs(
    project: DvcProject,
    manifest: Manifest,
    locked: Mapping[str, LockedStage],
    newest: RunRecord | None,
    *,
    pushed: bool,
) -> list[OutputRecord]:
    known = {(out.path, out.md5): out.sha256 for out in (newest.outputs if newest else ())}
    memory = project.private_dir / "sha256"
    shared = {
        out.path
        for stage in manifest.stages
        for out in stage.outs
        if pushed and out.cache and out.push and out.remote is None
    }
    return [
        OutputRecord(
            path=out.path,
            stage=stage.name,
            md5=out.md5,
            size=out.size or 0,
            sha256=known.get((out.path, out.md5)) or sha256_of(project.root / out.path, memory=memory),
            on_remote=out.path in shared,
        )
        for stage in manifest.stages
        for out in output_paths(stage, locked.get(stage.name)).values()
    ]


def read_all_metrics(root: Path, manifest: Manifest) -> dict[str, Plain]:
    """Content by metrics file; of one that cannot be parsed, what is wrong with it."""
    files = [out.path for stage in manifest.stages for out in stage.outs if out.metric]
    return {file: _metrics_or_reason(root / file) for file in files if (root / file).is_file()}


def _metrics_or_reason(path: Path) -> Plain:
    try:
        content: Plain = read_metrics(path)
    except (ValueError, yaml.YAMLError) as error:
        # Its bytes are an output like any other: the record of the run must not depend on them.
        return {"unreadable": str(error).splitlines()[0]}
    return content


def _small_outputs(root: Path, manifest: Manifest) -> dict[str, str]:
    """Text by path of the outputs that DVC does not cache; neither large ones nor binary ones."""
    paths = [out.path for stage in manifest.stages for out in stage.outs if not out.cache]
    texts = {path: _text(root / path) for path in paths if (root / path).is_file()}
    return {path: text for path, text in texts.items() if text is not None}


def _text(path: Path) -> str | None:
    if path.stat().st_size > LARGEST_SMALL_OUTPUT:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
