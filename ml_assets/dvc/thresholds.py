"""Bounds that a stage's metrics have to keep, as `meta.dagster.checks` says, and what became of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from ml_assets.dvc.manifest import Stage
from ml_assets.dvc.metrics import read_metrics

NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_]+")


class Threshold(BaseModel):
    """A bound of one metric: `auc`, or `metrics.json:by_origin.JFK.auc` where a stage has several files.

    `min` and `max` are allowed values themselves. A `blocking` one that is not kept stops what is below the
    stage; severity `warn` only tells.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    metric: str
    min: float | None = None
    max: float | None = None
    name: str | None = None
    blocking: bool = False
    severity: Literal["error", "warn"] = "error"
    description: str | None = None

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("a check needs `min` or `max`")
        return self

    @property
    def check_name(self) -> str:
        """The name of the check: its own, or one made of the metric's."""
        return self.name or NOT_IN_A_NAME.sub("_", self.metric).strip("_")

    @property
    def bounds(self) -> str:
        """The bounds in words, for people."""
        low = f"≥ {self.min:g}" if self.min is not None else ""
        high = f"≤ {self.max:g}" if self.max is not None else ""
        return " and ".join(filter(None, [low, high]))


@dataclass(frozen=True)
class Measured:
    """A threshold and the metric's value; None with the reason where there is no number of that name."""

    threshold: Threshold
    value: float | None
    missing: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the value is within its bounds; what was not measured is not."""
        if self.value is None:
            return False
        low, high = self.threshold.min, self.threshold.max
        # A value that is no number compares as False, and so fails.
        return (low is None or self.value >= low) and (high is None or self.value <= high)


def measure(root: Path, stage: Stage, threshold: Threshold) -> Measured:
    """Read the metric of `threshold` from the metrics files of `stage` in the workspace at `root`."""
    file, _, name = threshold.metric.rpartition(":")
    found = dict(_numbers(root, stage, file, name))
    if len(found) == 1:
        return Measured(threshold, next(iter(found.values())))
    return Measured(threshold, None, _why_not(stage, found, name))


def _numbers(root: Path, stage: Stage, file: str, name: str) -> Iterator[tuple[str, float]]:
    for out in stage.outs:
        asked = not file or out.path == file or PurePosixPath(out.path).name == file
        if out.metric and asked and (root / out.path).is_file():
            value = _lookup(_read(root / out.path), name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield out.path, float(value)


def _why_not(stage: Stage, found: Mapping[str, float], name: str) -> str:
    files = ", ".join(out.path for out in stage.outs if out.metric) or "none"
    if found:
        return f"several files have '{name}': {', '.join(found)}; say which: `metric: FILE:{name}`"
    return f"no number '{name}' in the metrics files of the stage ({files})"


def _read(path: Path) -> Any:
    try:
        return read_metrics(path)
    except (ValueError, yaml.YAMLError):
        return None  # has no number; the check says so and fails


def _lookup(content: Any, name: str) -> Any:
    """`a.b` in nested mappings, or the key that is called so with its dot."""
    if isinstance(content, Mapping):
        if name in content:
            return content[name]
        for key, inner in content.items():
            if name.startswith(f"{key}."):
                return _lookup(inner, name.removeprefix(f"{key}."))
    return None
