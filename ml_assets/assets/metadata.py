"""What a materialization shows: DVC's facts, tables, params, metrics as numbers, plots as pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from pathlib import Path, PurePosixPath
from typing import Any

from dagster import MetadataValue, TableColumn, TableRecord, TableSchema
from yaml import YAMLError

from ml_assets.assets.keys import (
    META_KEY_FILES,
    META_KEY_HASHES,
    META_KEY_NOT_SHOWN,
    META_KEY_OUTCOME,
    META_KEY_PARAMS,
    META_KEY_PREVIEW,
    META_KEY_REMOTE,
    META_KEY_SECONDS,
    META_KEY_SIZE,
)
from ml_assets.assets.tables import describe_table
from ml_assets.dvc.errors import DvcBridgeError
from ml_assets.dvc.events import StageFinished
from ml_assets.dvc.lockfile import LockedPath, LockedStage
from ml_assets.dvc.manifest import Stage, overlaps
from ml_assets.dvc.metrics import read_metrics
from ml_assets.dvc.plots import stage_pictures
from ml_assets.dvc.project import DvcProject

Metadata = dict[str, Any]


def stage_metadata(
    *, project: DvcProject, stage: Stage, locked: LockedStage, finished: StageFinished, remote_url: str | None
) -> Metadata:
    """Metadata of one finished stage; numbers are numbers, so that Dagster plots them over time."""
    return {
        META_KEY_OUTCOME: finished.outcome.value,
        META_KEY_SECONDS: round(finished.seconds, 3),
        **_metrics(project.root, stage),
        **_pictures(project, stage, locked),
        META_KEY_PARAMS: MetadataValue.json(dict(locked.params)),
        **_tables(project, _data(project, stage, locked)),
        **paths_metadata(locked.outs, remote_url),
    }


def paths_metadata(paths: tuple[LockedPath, ...], remote_url: str | None) -> Metadata:
    """Sizes (bytes), number of files, hashes and the remote of tracked paths."""
    found: Metadata = {
        META_KEY_SIZE: sum(path.size or 0 for path in paths),
        META_KEY_FILES: sum(path.files or 1 for path in paths),
        META_KEY_HASHES: MetadataValue.json({path.path: path.md5 for path in paths}),
    }
    if remote_url is None:
        return found
    shown = MetadataValue.url(remote_url) if "://" in remote_url else MetadataValue.path(remote_url)
    return found | {META_KEY_REMOTE: shown}


def flat_numbers(content: Any, prefix: str = "") -> Iterator[tuple[str, float]]:
    """The finite numbers in nested mappings, by their joined names; Dagster cannot plot the others."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            yield from flat_numbers(value, f"{prefix}/{name}" if prefix else str(name))
    elif isinstance(content, int | float) and not isinstance(content, bool) and isfinite(content):
        yield prefix, float(content)


class _Described:
    """Gathers what can be shown; what cannot is told, and never fails a stage that has succeeded."""

    def __init__(self) -> None:
        self.metadata: Metadata = {}
        self._not_shown: dict[str, str] = {}

    @contextmanager
    def attempt(self, path: str) -> Iterator[None]:
        try:
            yield
        except (ValueError, OSError, YAMLError, DvcBridgeError) as error:
            self._not_shown[path] = f"{type(error).__name__}: {str(error).splitlines()[0]}"

    def result(self) -> Metadata:
        told = {META_KEY_NOT_SHOWN: MetadataValue.json(self._not_shown)} if self._not_shown else {}
        return {**self.metadata, **told}


def _data(project: DvcProject, stage: Stage, locked: LockedStage) -> tuple[LockedPath, ...]:
    """The outputs that are neither metrics nor plots, of which numbers and pictures tell more than rows."""
    shown = {*project.manifest().plots, *(out.path for out in stage.outs if out.metric)}
    return tuple(out for out in locked.outs if not any(overlaps(each, out.path) for each in shown))


def _tables(project: DvcProject, outs: tuple[LockedPath, ...]) -> Metadata:
    described, tables = _Described(), {}
    for out in outs:
        with described.attempt(out.path):
            table = describe_table(project.root / out.path, md5=out.md5, cache_dir=project.private_dir)
            if table is not None:
                tables[out.path] = table
    for path, name in _short_names(tables).items():
        # Dagster shows these names on the asset's page; with several tables each gets its own.
        suffix = "" if len(tables) == 1 else f"/{name}"
        schema = TableSchema([TableColumn(column, kind) for column, kind in tables[path].columns])
        records = [TableRecord(row) for row in tables[path].preview]
        described.metadata[f"dagster/row_count{suffix}"] = tables[path].rows
        described.metadata[f"dagster/column_schema{suffix}"] = schema
        described.metadata[f"{META_KEY_PREVIEW}{suffix}"] = MetadataValue.table(records, schema=schema)
    return described.result()


def _metrics(root: Path, stage: Stage) -> Metadata:
    described = _Described()
    files = [out.path for out in stage.outs if out.metric and (root / out.path).is_file()]
    for path, name in _short_names(files).items():
        with described.attempt(path):
            described.metadata.update(flat_numbers(read_metrics(root / path), name))
    return described.result()


def _pictures(project: DvcProject, stage: Stage, locked: LockedStage) -> Metadata:
    described = _Described()
    with described.attempt("plots"):
        pictures = {picture.name: picture for picture in stage_pictures(project, stage, locked)}
        for path, name in _short_names(pictures).items():
            described.metadata[f"plot/{name}"] = MetadataValue.md(
                f"![{path}](data:image/png;base64,{pictures[path].png_base64})"
            )
    return described.result()


def _short_names(paths: Iterable[str]) -> dict[str, str]:
    """Path → its file's name without ending, or the whole path where two would be called the same."""
    stems = {path: PurePosixPath(path).stem for path in paths}
    times = Counter(stems.values())
    return {path: stem if times[stem] == 1 else path for path, stem in stems.items()}
