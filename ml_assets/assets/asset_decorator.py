"""`@dvc_assets`: the stages of a project as one subsettable multi-asset, run in one streaming step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dagster import AssetsDefinition, multi_asset

from ml_assets.assets.metric_checks import build_check_specs
from ml_assets.assets.partitions import split_partitioned
from ml_assets.assets.specs import build_dvc_asset_specs
from ml_assets.assets.translator import DvcTranslator
from ml_assets.dvc.project import DvcProject


def dvc_assets(
    *,
    project: DvcProject,
    name: str | None = None,
    translator: DvcTranslator | None = None,
    sources: tuple[str, ...] = (),
    pool: str | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Define one asset a stage of the project's pipeline; partitioned groups are `build_partitioned_assets`'.

    Args:
        name: of the op; default: the decorated function's.
        translator: says how stages become specs.
        sources: paths that will be tracked once something lands there.
        pool: a Dagster pool, when a workspace's runs should queue where people see it.

    The decorated function runs the selected stages::

        @dvc_assets(project=DvcProject.find())
        def pipeline(context: AssetExecutionContext, config: DvcRunConfig, dvc: DvcResource):
            yield from dvc.run(context=context, redo=config.redo)

    Raises:
        ManifestFailed: DVC refuses the pipeline files.
        AssetKeyTaken, MetaInvalid: two stages would be one asset, or `meta.dagster` is wrong.
    """
    project = project.pinned()
    specs = build_dvc_asset_specs(project=project, translator=translator, sources=sources)
    plain = split_partitioned(project.manifest(), specs).plain
    checks = build_check_specs(project.manifest(), plain)
    return multi_asset(name=name, specs=list(plain), check_specs=checks, can_subset=True, pool=pool)
