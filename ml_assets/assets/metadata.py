"""What a materialization shows: DVC's facts, tables, params, metrics as numbers, plots as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from dagster import MetadataValue, TableColumn, TableRecord, TableSchema

from ml_assets.assets.keys import (
    META_KEY_FILES,
    META_KEY_HASHES,
    META_KEY_OUTCOME,
    META_KEY_PARAMS,
    META_KEY_PREVIEW,
    META_KEY_REMOTE,
    META_KEY_SECONDS,
    META_KEY_SIZE,
)
from ml_assets.assets.tables import describe_table
from ml_assets.dvc.events import StageFinished
from ml_assets.dvc.lockfile import LockedPath, LockedStage
from ml_assets.dvc.manifest import Stage, overlaps
from ml_assets.dvc.plots import stage_pictures
from ml_assets.dvc.project import DvcProject
from ml_assets.ledger.run_record import read_metrics

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
    return found | ({META_KEY_REMOTE: MetadataValue.url(remote_url)} if remote_url else {})


def flat_numbers(content: Any, prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers in nested mappings, by their joined names."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            yield from flat_numbers(value, f"{prefix}/{name}" if prefix else str(name))
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield prefix, float(content)


def _data(project: DvcProject, stage: Stage, locked: LockedStage) -> tuple[LockedPath, ...]:
    """The outputs that are neither metrics nor plots, of which numbers and pictures tell more than rows."""
    shown = {*project.manifest().plots, *(out.path for out in stage.outs if out.metric)}
    return tuple(out for out in locked.outs if not any(overlaps(each, out.path) for each in shown))


def _tables(project: DvcProject, outs: tuple[LockedPath, ...]) -> Metadata:
    found = {
        out.path: describe_table(project.root / out.path, md5=out.md5, cache_dir=project.private_dir)
        for out in outs
    }
    tables = {path: table for path, table in found.items() if table}
    metadata: Metadata = {}
    for path, table in tables.items():
        # Dagster shows these names on the asset's page; with several tables each gets its own.
        suffix = "" if len(tables) == 1 else f"/{PurePosixPath(path).stem}"
        schema = TableSchema([TableColumn(name, kind) for name, kind in table.columns])
        records = [TableRecord(row) for row in table.preview]
        metadata[f"dagster/row_count{suffix}"] = table.rows
        metadata[f"dagster/column_schema{suffix}"] = schema
        metadata[f"{META_KEY_PREVIEW}{suffix}"] = MetadataValue.table(records, schema=schema)
    return metadata


def _metrics(root: Path, stage: Stage) -> Metadata:
    files = [root / out.path for out in stage.outs if out.metric and (root / out.path).is_file()]
    return dict(pair for file in files for pair in flat_numbers(read_metrics(file), file.stem))


def _pictures(project: DvcProject, stage: Stage, locked: LockedStage) -> Metadata:
    return {
        f"plot/{PurePosixPath(picture.name).stem}": MetadataValue.md(
            f"![{picture.name}](data:image/png;base64,{picture.png_base64})"
        )
        for picture in stage_pictures(project, stage, locked)
    }
