"""Thresholds of metrics as asset checks; a blocking one stops what is below, inside one step too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster import AssetCheckKey, AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey, AssetSpec
from pydantic import TypeAdapter, ValidationError

from ml_assets.assets.errors import MetaInvalid
from ml_assets.assets.keys import META_KEY_STAGE, META_TABLE
from ml_assets.dvc.manifest import Manifest, Stage
from ml_assets.dvc.thresholds import Measured, Threshold

_THRESHOLDS: TypeAdapter[tuple[Threshold, ...]] = TypeAdapter(tuple[Threshold, ...])


def thresholds(stage: Stage) -> tuple[Threshold, ...]:
    """What `meta.dagster.checks` of a stage asks of its metrics.

    Raises:
        MetaInvalid: it is no list of thresholds, or two would be the same check.
    """
    listed: Any = (stage.meta.get(META_TABLE) or {}).get("checks") or ()
    try:
        found = _THRESHOLDS.validate_python(tuple(listed) if isinstance(listed, list) else listed)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()
        )
        raise MetaInvalid(stage, f"checks: {wrong}") from error
    names = [each.check_name for each in found]
    for name in names:
        if names.count(name) > 1:
            raise MetaInvalid(stage, f"checks: two are called '{name}'; give one another `name`")
    return found


def build_check_specs(manifest: Manifest, specs: list[AssetSpec]) -> list[AssetCheckSpec]:
    """One check a threshold, on the asset of its stage.

    Raises:
        MetaInvalid.
    """
    keys = {str(spec.metadata[META_KEY_STAGE]): spec.key for spec in specs}
    return [
        AssetCheckSpec(
            name=each.check_name,
            asset=keys[stage.name],
            blocking=each.blocking,
            description=each.description or f"{each.metric} {each.bounds}",
        )
        for stage in manifest.stages
        for each in thresholds(stage)
    ]


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
