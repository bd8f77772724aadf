"""`steps = "stage"`: one step a stage, for executors that spread steps, and a last one for the record."""

# No `from __future__ import annotations`: Dagster looks at the annotations of the asset functions.
from collections.abc import Iterator

from dagster import (
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    MaterializeResult,
    asset,
    multi_asset,
)

from ml_assets.assets.errors import RecordKeyTaken
from ml_assets.assets.keys import META_KEY_STAGE
from ml_assets.assets.meta_table import read_table
from ml_assets.assets.metric_checks import build_check_specs
from ml_assets.assets.partitions import split_partitioned
from ml_assets.assets.resource import DvcResource
from ml_assets.assets.run_config import DvcRunConfig
from ml_assets.assets.specs import build_dvc_asset_specs
from ml_assets.assets.translator import DvcTranslator
from ml_assets.dvc.manifest import Manifest
from ml_assets.dvc.project import DvcProject

RECORD_ASSET = "run_record"


def build_stage_step_assets(
    *,
    project: DvcProject,
    dvc: DvcResource,
    name: str = "pipeline",
    translator: DvcTranslator | None = None,
    sources: tuple[str, ...] = (),
    key_prefix: tuple[str, ...] = (),
) -> list[AssetsDefinition]:
    """One assets definition a stage, each with a step of its own, and the asset `run_record` behind them all.

    A stage's results are pushed as its step ends, so that another host finds them. Steps of one run write
    the workspace side by side; a run that leaves out `run_record` appends no record. `meta.dagster.pool` is
    the Dagster pool of a stage's step.

    Raises:
        ManifestFailed, AssetKeyTaken, MetaInvalid.
        RecordKeyTaken: a stage's asset has the key of `run_record`.
    """
    project = project.pinned()
    manifest = project.manifest()
    built = build_dvc_asset_specs(project=project, translator=translator, sources=sources)
    specs = list(split_partitioned(manifest, built).plain)
    record_key = AssetKey([*key_prefix, RECORD_ASSET])
    if record_key in {spec.key for spec in specs}:
        raise RecordKeyTaken(record_key)
    checks = build_check_specs(manifest, specs)
    steps = [
        _step(spec, manifest, dvc, name, [each for each in checks if each.asset_key == spec.key])
        for spec in specs
    ]
    return [*steps, _record(record_key, specs, dvc)]


def _step(
    spec: AssetSpec, manifest: Manifest, dvc: DvcResource, name: str, checks: list[AssetCheckSpec]
) -> AssetsDefinition:
    stage = manifest.stage(str(spec.metadata[META_KEY_STAGE]))
    pool = read_table(stage).pool

    @multi_asset(
        name=f"{name}__{'__'.join(spec.key.path)}",
        specs=[spec],
        check_specs=checks,
        can_subset=True,
        pool=pool,
    )
    def step(context: AssetExecutionContext, config: DvcRunConfig) -> Iterator[MaterializeResult[None]]:
        yield from dvc.run_step(context=context, redo=config.redo)

    return step


def _record(key: AssetKey, specs: list[AssetSpec], dvc: DvcResource) -> AssetsDefinition:
    stages = {spec.key: str(spec.metadata[META_KEY_STAGE]) for spec in specs}

    @asset(
        key=key,
        deps=list(stages),
        kinds={"dvc"},
        output_required=False,
        description="The record of the run in the ledger, appended once all of its stages have ended well",
    )
    def run_record(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
        yield from dvc.record(context=context, stages=stages)

    return run_record
