"""Which libraries a stage of dvc.yaml asks to have loaded before it starts: `meta.dagster.preload`."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ml_assets.dvc.errors import PreloadInvalid
from ml_assets.dvc.manifest import Manifest, Stage

Preloads = Mapping[str, tuple[str, ...]]


def preloads(manifest: Manifest, stages: Collection[str]) -> Preloads:
    """Module names by stage, in the pipeline's order, of those of `stages` that ask for some.

    Raises:
        PreloadInvalid: something else than a list of dotted names.
    """
    asked = {stage.name: _names(stage) for stage in manifest.stages if stage.name in stages}
    return {name: names for name, names in asked.items() if names}


def levels(asked: Preloads) -> list[list[str]]:
    """For each stage the names that none before it asks for, where there are some."""
    known: dict[str, None] = {}
    found = []
    for names in asked.values():
        if new := [name for name in names if name not in known]:
            known.update(dict.fromkeys(new))
            found.append(new)
    return found


def _names(stage: Stage) -> tuple[str, ...]:
    table = stage.meta.get("dagster") or {}
    names = table.get("preload") or []
    if not isinstance(names, list) or not all(_is_module(name) for name in names):
        raise PreloadInvalid(stage.name, stage.file, names)
    return tuple(names)


def _is_module(name: object) -> bool:
    return isinstance(name, str) and all(part.isidentifier() for part in name.split("."))
