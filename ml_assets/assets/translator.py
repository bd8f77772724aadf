"""How a stage or a tracked path becomes an asset: one class, one method to override."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from dagster import AssetKey, AssetSpec

from ml_assets.assets.code_version import code_version
from ml_assets.assets.keys import META_KEY_FILE, META_KEY_PATHS, META_KEY_STAGE, META_TABLE
from ml_assets.dvc.manifest import Manifest, Source, Stage
from ml_assets.dvc.project import DvcProject

# Dagster allows these in a part of an asset key; foreach and matrix put more into stage names.
NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True)
class DvcTranslatorData:
    """What a translator is asked about: a stage or a tracked source, and the pipeline that it is part of."""

    project: DvcProject
    manifest: Manifest
    item: Stage | Source


class DvcTranslator:
    """Maps stages and tracked paths to asset specs; override `get_asset_spec` and change what it returns."""

    def get_asset_spec(self, data: DvcTranslatorData) -> AssetSpec:
        """The spec of one stage or source.

        `desc` is the description, and `meta.dagster` in dvc.yaml may set `group`, `owners`, `tags` and
        `kinds`; DVC itself ignores `meta`.
        """
        item = data.item
        table = item.meta.get(META_TABLE) or {}
        spec = AssetSpec(
            key=asset_key(item, data.manifest),
            description=item.desc,
            group_name=table.get("group"),
            owners=table.get("owners"),
            tags=table.get("tags"),
            kinds={"dvc", *table.get("kinds", ())},
        )
        return _with_stage(spec, data, item) if isinstance(item, Stage) else _with_source(spec, item)


def asset_key(item: Stage | Source, manifest: Manifest) -> AssetKey:
    """`train@a` → train/a, `sub/dvc.yaml:train` → sub/train, the tracked path `data/raw` → raw.

    Where the short name of a tracked path is another asset's too, its whole path is the key.
    """
    if isinstance(item, Stage):
        return AssetKey(_stage_parts(item))
    short = [_part(PurePosixPath(item.path).stem)]
    others = [[_part(PurePosixPath(source.path).stem)] for source in manifest.sources if source != item]
    taken = short in others or short in [_stage_parts(stage) for stage in manifest.stages]
    return AssetKey([_part(part) for part in PurePosixPath(item.path).parts] if taken else short)


def _stage_parts(stage: Stage) -> list[str]:
    folder = PurePosixPath(stage.file).parent.parts
    name = stage.name.rpartition(":")[2]
    return [_part(part) for part in (*folder, *name.split("@"))]


def _part(name: str) -> str:
    return NOT_IN_A_KEY.sub("_", name)


def _with_stage(spec: AssetSpec, data: DvcTranslatorData, stage: Stage) -> AssetSpec:
    return spec.replace_attributes(
        deps=[asset_key(each, data.manifest) for each in upstream(data.manifest, stage)],
        code_version=code_version(data.project, data.manifest, stage),
        metadata={
            META_KEY_STAGE: stage.name,
            META_KEY_FILE: stage.file,
            META_KEY_PATHS: [out.path for out in stage.outs],
        },
    )


def _with_source(spec: AssetSpec, source: Source) -> AssetSpec:
    metadata: dict[str, Any] = {META_KEY_FILE: source.file, META_KEY_PATHS: [source.path]}
    return spec.replace_attributes(metadata=metadata)


def upstream(manifest: Manifest, stage: Stage) -> list[Stage | Source]:
    """The stages and the tracked sources that `stage` reads."""
    return [*manifest.sources_of(stage), *(manifest.stage(name) for name in manifest.upstream(stage))]
