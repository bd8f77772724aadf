"""Which stages a run is about, from the names that a person gives: with what is above them, or below."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from ml_assets.dvc.manifest import Manifest, Stage


class Direction(Enum):
    """`dvc repro` brings targets and all above them up to date; `--downstream`, targets and all below."""

    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


def select_stages(manifest: Manifest, targets: Sequence[str], direction: Direction) -> tuple[str, ...]:
    """Names of the selected stages in the order of a serial `dvc repro`; all of them without targets.

    A target is what `dvc repro` takes: a stage, a whole `foreach` or `matrix`, all stages of a dvc.yaml.

    Raises:
        UnknownStage: a target that no dvc.yaml has.
    """
    named = [name for target in targets for name in _named(manifest, target)]
    chosen = set(named or (stage.name for stage in manifest.stages))
    if direction is Direction.UPSTREAM:
        for stage in reversed(manifest.stages):
            if stage.name in chosen and not stage.frozen:
                chosen.update(manifest.upstream(stage))
    else:
        for stage in manifest.stages:
            if not stage.frozen and chosen.intersection(manifest.upstream(stage)):
                chosen.add(stage.name)
    return tuple(stage.name for stage in manifest.stages if stage.name in chosen)


def _named(manifest: Manifest, target: str) -> list[str]:
    name = target.removeprefix("./").removeprefix("dvc.yaml:")
    found = [stage.name for stage in manifest.stages if name in (stage.name, stage.file, _group(stage))]
    return found or [manifest.stage(target).name]


def _group(stage: Stage) -> str | None:
    """The target that means all stages of the `foreach` or `matrix` that it comes from."""
    return stage.name.removesuffix(stage.entry) + stage.group if stage.group else None
