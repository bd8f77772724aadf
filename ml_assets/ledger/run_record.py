"""Makes the record of a run of stages out of what DVC wrote: locks, outputs, metrics."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from ml_assets.dvc.lockfile import LockedStage, output_paths, read_locks, source_hashes, stale_stages
from ml_assets.dvc.manifest import Manifest
from ml_assets.dvc.metrics import read_metrics
from ml_assets.dvc.project import DvcProject
from ml_assets.ledger.canonical import Plain
from ml_assets.ledger.origin import collect
from ml_assets.ledger.record import DagsterRun, Outcome, OutputRecord, RunDraft, RunRecord

LARGEST_SMALL_OUTPUT = 1_000_000
CHUNK = 1 << 20


def is_recorded(project: DvcProject, newest: RunRecord | None) -> bool:
    """Whether `newest` already says exactly what the project's dvc.lock and .dvc files say."""
    return newest is not None and (newest.dvc_lock, newest.dvc_files) == (
        _lock_text(project.root),
        dvc_file_texts(project),
    )


def draft_run(
    project: DvcProject,
    *,
    stages: Mapping[str, Outcome],
    newest: RunRecord | None,
    dagster: DagsterRun | None = None,
) -> RunDraft:
    """The draft of a record of the project's state after `stages` were brought up to date.

    Args:
        stages: name → outcome of each stage of this run; the others are looked at for staleness only.
        newest: the run record before, whose SHA-256 of an unchanged output is taken over.
    """
    manifest = project.manifest()
    locked = read_locks(project.root, manifest)
    declared = {file for stage in manifest.stages for file in stage.params}
    params = [file for file in sorted(declared) if (project.root / file).is_file()]
    return RunDraft(
        **dict(collect(project.root, params=params, dagster=dagster)),
        dvc_lock=_lock_text(project.root),
        dvc_files=dvc_file_texts(project),
        stages=dict(stages),
        stale=stale_stages(manifest, locked, source_hashes(project.root, manifest)),
        outputs=tuple(_outputs(project.root, manifest, locked, newest)),
        metrics=_metrics(project.root, manifest),
        small_outputs=_small_outputs(project.root, manifest),
    )


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


def _lock_text(root: Path) -> str:
    lock = root / "dvc.lock"
    return lock.read_text(encoding="utf-8") if lock.exists() else ""


def _outputs(
    root: Path, manifest: Manifest, locked: Mapping[str, LockedStage], newest: RunRecord | None
) -> list[OutputRecord]:
    known = {(out.path, out.md5): out.sha256 for out in (newest.outputs if newest else ())}
    return [
        OutputRecord(
            path=out.path,
            stage=stage.name,
            md5=out.md5,
            size=out.size or 0,
            sha256=known.get((out.path, out.md5)) or _sha256(root / out.path),
        )
        for stage in manifest.stages
        for out in output_paths(stage, locked.get(stage.name)).values()
    ]


def _sha256(path: Path) -> str | None:
    if not path.is_file():
        return None
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _metrics(root: Path, manifest: Manifest) -> dict[str, Plain]:
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
