"""A `foreach` or `matrix` as one asset with a static partition a stage, where dvc.yaml asks for it."""

# No `from __future__ import annotations`: Dagster looks at the annotations of the asset function.
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dagster import (
    AssetDep,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    MaterializeResult,
    StaticPartitionMapping,
    StaticPartitionsDefinition,
    multi_asset,
)

from ml_assets.assets.errors import PartitionsUneven
from ml_assets.assets.keys import META_KEY_PATHS, META_KEY_STAGE, META_KEY_STAGES
from ml_assets.assets.meta_table import read_table
from ml_assets.assets.metric_checks import threshold_spec
from ml_assets.assets.resource import DvcResource
from ml_assets.assets.run_config import DvcRunConfig
from ml_assets.dvc.manifest import Manifest, Stage


@dataclass(frozen=True)
class Split:
    """The specs of a pipeline: of stages that are assets by themselves, and of partitioned groups."""

    plain: tuple[AssetSpec, ...]
    partitioned: tuple[AssetSpec, ...]

    @property
    def all(self) -> tuple[AssetSpec, ...]:
        return (*self.plain, *self.partitioned)


def split_partitioned(manifest: Manifest, specs: Sequence[AssetSpec]) -> Split:
    """`specs` of stages, those of a group with `meta.dagster.partitions` made into one.

    Inputs that are in a group become inputs of its asset: all partitions of it, or where the reader is in a
    group too, the partitions whose stages it reads.

    Raises:
        PartitionsUneven: some stages of a group ask for it and others do not.
    """
    groups = _groups(manifest)
    by_stage = {str(spec.metadata[META_KEY_STAGE]): spec for spec in specs}
    partitions = {
        by_stage[stage.name].key: (AssetKey(by_stage[stage.name].key.path[:-1]), _partition(stage))
        for stages in groups
        for stage in stages
    }
    plain = [_reading_groups(spec, partitions) for spec in specs if spec.key not in partitions]
    made = [_group_spec([by_stage[stage.name] for stage in stages], stages, partitions) for stages in groups]
    return Split(tuple(plain), tuple(made))


def _groups(manifest: Manifest) -> list[list[Stage]]:
    found: dict[tuple[str, str], list[Stage]] = {}
    for stage in manifest.stages:
        if stage.group is not None:
            found.setdefault((stage.file, stage.group), []).append(stage)
    asking = {key: [read_table(stage).partitions for stage in stages] for key, stages in found.items()}
    for key, asked in asking.items():
        if any(asked) and not all(asked):
            raise PartitionsUneven(*key)
    return [stages for key, stages in found.items() if all(asking[key])]


def _partition(stage: Stage) -> str:
    return stage.entry.partition("@")[2]


def _reading_groups(spec: AssetSpec, partitions: Mapping[AssetKey, tuple[AssetKey, str]]) -> AssetSpec:
    deps = {
        partitions[dep.asset_key][0] if dep.asset_key in partitions else dep.asset_key: None
        for dep in spec.deps
    }
    return spec.replace_attributes(deps=list(deps))


def _group_spec(
    specs: Sequence[AssetSpec],
    stages: Sequence[Stage],
    partitions: Mapping[AssetKey, tuple[AssetKey, str]],
) -> AssetSpec:
    plain: dict[AssetKey, None] = {}
    mapped: dict[AssetKey, dict[str, set[str]]] = {}
    for spec, stage in zip(specs, stages, strict=True):
        for dep in spec.deps:
            if dep.asset_key not in partitions:
                plain[dep.asset_key] = None
                continue
            group, partition = partitions[dep.asset_key]
            mapped.setdefault(group, {}).setdefault(partition, set()).add(_partition(stage))
    first = specs[0]
    versions = "".join(str(spec.code_version) for spec in specs)
    metadata: dict[str, Any] = {
        **{name: value for name, value in first.metadata.items() if name != META_KEY_STAGE},
        META_KEY_STAGES: {_partition(stage): stage.name for stage in stages},
        META_KEY_PATHS: [out.path for stage in stages for out in stage.outs],
    }
    return first.replace_attributes(
        key=AssetKey(first.key.path[:-1]),
        deps=[*plain, *(AssetDep(key, partition_mapping=_mapping(pairs)) for key, pairs in mapped.items())],
        code_version=hashlib.sha256(versions.encode()).hexdigest()[:16],
        partitions_def=StaticPartitionsDefinition([_partition(stage) for stage in stages]),
        metadata=metadata,
    )


def _mapping(pairs: Mapping[str, set[str]]) -> StaticPartitionMapping:
    return StaticPartitionMapping({above: sorted(below) for above, below in pairs.items()})


def build_partitioned_assets(
    *, manifest: Manifest, split: Split, dvc: DvcResource, name: str = "pipeline"
) -> list[AssetsDefinition]:
    """One assets definition a partitioned group; a run of it brings one partition's stage up to date."""
    return [_partitioned(manifest, spec, dvc, name) for spec in split.partitioned]


def _partitioned(manifest: Manifest, spec: AssetSpec, dvc: DvcResource, name: str) -> AssetsDefinition:
    stage = manifest.stage(next(iter(spec.metadata[META_KEY_STAGES].values())))
    checks = [threshold_spec(each, spec.key) for each in read_table(stage).checks]

    @multi_asset(
        name=f"{name}__{'__'.join(spec.key.path)}", specs=[spec], check_specs=checks, can_subset=True
    )
    def group(context: AssetExecutionContext, config: DvcRunConfig) -> Iterator[MaterializeResult[None]]:
        yield from dvc.run(context=context, redo=config.redo)

    return group
