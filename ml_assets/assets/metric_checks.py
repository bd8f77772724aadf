"""Thresholds of metrics as asset checks; a blocking one stops what is below, inside one step too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagster import AssetCheckKey, AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey, AssetSpec

from ml_assets.assets.keys import META_KEY_STAGE
from ml_assets.assets.meta_table import read_table
from ml_assets.dvc.manifest import Manifest
from ml_assets.dvc.thresholds import Measured, Threshold


def build_check_specs(manifest: Manifest, specs: Sequence[AssetSpec]) -> list[AssetCheckSpec]:
    """One check a threshold, on the asset of its stage.

    Raises:
        MetaInvalid.
    """
    keys = {str(spec.metadata[META_KEY_STAGE]): spec.key for spec in specs}
    return [
        threshold_spec(each, keys[stage.name])
        for stage in manifest.stages
        if stage.name in keys
        for each in read_table(stage).checks
    ]


def threshold_spec(threshold: Threshold, key: AssetKey) -> AssetCheckSpec:
    """The check of one threshold."""
    return AssetCheckSpec(
        name=threshold.check_name,
        asset=key,
        blocking=threshold.blocking,
        description=threshold.description or f"{threshold.metric} {threshold.bounds}",
    )


def check_result(measured: Measured, key: AssetKey) -> AssetCheckResult:
    """What Dagster shows of a measured threshold."""
    threshold = measured.threshold
    metadata: Mapping[str, Any] = {
        name: value
        for name, value in {
            "metric": threshold.metric,
            "value": measured.value,
            "min": threshold.min,
            "max": threshold.max,
        }.items()
        if value is not None
    }
    severe = threshold.severity == "error"
    return AssetCheckResult(
        passed=measured.passed,
        asset_key=key,
        check_name=threshold.check_name,
        severity=AssetCheckSeverity.ERROR if severe else AssetCheckSeverity.WARN,
        description=in_words(measured),
        metadata=metadata,
    )


def blocks(measured: Measured) -> bool:
    """Whether what is below must not run; a warning stops nothing, as everywhere in Dagster."""
    threshold = measured.threshold
    return threshold.blocking and threshold.severity == "error" and not measured.passed


def in_words(measured: Measured) -> str:
    """`auc is 0.61, and has to be ≥ 0.7`, or why it could not be measured."""
    threshold = measured.threshold
    if measured.value is None:
        return f"{threshold.metric} was not measured: {measured.missing}"
    return f"{threshold.metric} is {measured.value:g}, and has to be {threshold.bounds}"


def is_selected(measured: Measured, key: AssetKey, selected: set[AssetCheckKey]) -> bool:
    """Whether a step was asked for this check."""
    return AssetCheckKey(key, measured.threshold.check_name) in selected
