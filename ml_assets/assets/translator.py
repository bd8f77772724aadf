"""How a stage or a tracked path becomes an asset: one class, one method to override."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

from dagster import AssetSpec, DagsterError

from ml_assets.assets.asset_keys import asset_key
from ml_assets.assets.code_version import code_version
from ml_assets.assets.errors import MetaInvalid
from ml_assets.assets.keys import META_KEY_FILE, META_KEY_PATHS, META_KEY_STAGE
from ml_assets.assets.meta_table import read_table
from ml_assets.assets.references import META_KEY_REFERENCES, code_references
from ml_assets.dvc.manifest import Manifest, Source, Stage
from ml_assets.dvc.project import DvcProject


@dataclass(frozen=True)
class DvcTranslatorData:
    """What a translator is asked about: a stage or a tracked source, and the pipeline that it is part of."""

    project: DvcProject
    manifest: Manifest
    item: Stage | Source


class DvcTranslator:
    """Maps stages and tracked paths to asset specs; override `get_asset_spec` and change what it returns.

    Args:
        key_prefix: comes before each key.
        group: of the assets that name none in `meta.dagster`.
    """

    # A subclass may have an `__init__` of its own, and not call this one.
    key_prefix: tuple[str, ...] = ()
    group: str | None = None

    def __init__(self, *, key_prefix: Sequence[str] = (), group: str | None = None) -> None:
        self.key_prefix = tuple(key_prefix)
        self.group = group

    def with_defaults(self, *, key_prefix: Sequence[str], group: str | None) -> Self:
        """This translator, with these where it has none of its own."""
        other = copy(self)
        other.key_prefix = self.key_prefix or tuple(key_prefix)
        other.group = self.group or group
        return other

    def get_asset_spec(self, data: DvcTranslatorData) -> AssetSpec:
        """The spec of one stage or source.

        `desc` is the description, and `meta.dagster` in dvc.yaml may set what `AssetTable` lists; DVC itself
        ignores `meta`. Its `deps` have the keys of `asset_key`; whoever asks for the specs of a whole project
        gets them with the keys that this method gives.

        Raises:
            MetaInvalid: `meta.dagster` says what Dagster does not take.
        """
        item = data.item
        spec = self._spec(data)
        return _with_stage(spec, data, item) if isinstance(item, Stage) else _with_source(spec, item)

    def _spec(self, data: DvcTranslatorData) -> AssetSpec:
        table, key = read_table(data.item), asset_key(data.item, data.manifest)
        try:
            return AssetSpec(
                key=key.with_prefix(self.key_prefix) if self.key_prefix else key,
                description=data.item.desc,
                group_name=table.group or self.group,
                owners=table.owners,
                tags=table.tags,
                kinds={"dvc", *table.kinds},
                automation_condition=table.condition(),
                freshness_policy=table.freshness.policy() if table.freshness else None,
            )
        except DagsterError as error:
            raise MetaInvalid(data.item, str(error)) from error


def _with_stage(spec: AssetSpec, data: DvcTranslatorData, stage: Stage) -> AssetSpec:
    return spec.replace_attributes(
        deps=[asset_key(each, data.manifest) for each in upstream(data.manifest, stage)],
        code_version=code_version(data.project, data.manifest, stage),
        metadata={
            META_KEY_STAGE: stage.name,
            META_KEY_FILE: stage.file,
            META_KEY_PATHS: [out.path for out in stage.outs],
            META_KEY_REFERENCES: code_references(data.project, stage),
        },
    )


def _with_source(spec: AssetSpec, source: Source) -> AssetSpec:
    metadata: dict[str, Any] = {META_KEY_FILE: source.file, META_KEY_PATHS: [source.path]}
    return spec.replace_attributes(metadata=metadata)


def upstream(manifest: Manifest, stage: Stage) -> list[Stage | Source]:
    """The stages and the tracked sources that `stage` reads."""
    return [*manifest.sources_of(stage), *(manifest.stage(name) for name in manifest.upstream(stage))]
