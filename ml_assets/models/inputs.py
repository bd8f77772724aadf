"""The data that a model was made from, as the run's own dvc.lock says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.lockfile import LockedStage, read_lock
from ml_assets.dvc.manifest import overlaps
from ml_assets.ledger.record import RunDraft


@dataclass(frozen=True, kw_only=True)
class DataInput:
    """Data in one version; `md5` is DVC's. `direct` says that the model's own stage read it."""

    path: str
    md5: str
    size: int | None
    direct: bool


def data_inputs(run: RunDraft, *, model: str | None) -> tuple[DataInput, ...]:
    """All data above the stage that made `model`, sorted by path; without a model, above any stage.

    Data is what another stage made or what a .dvc file tracks; code that stages depend on is not.
    """
    stages = read_lock(run.dvc_lock, path=Path("dvc.lock"))
    producers = {out.path: name for name, stage in stages.items() for out in stage.outs}
    # The texts of nested dvc.lock files are among them.
    tracked = {file.removesuffix(".dvc") for file in run.dvc_files if file.endswith(".dvc")}
    start = [producers[model]] if model in producers else list(stages)
    found: dict[str, DataInput] = {}
    for name in _upstream(start, stages, producers):
        for dep in stages[name].deps:
            if _is_data(dep.path, producers, tracked):
                direct = name in start or (dep.path in found and found[dep.path].direct)
                found[dep.path] = DataInput(path=dep.path, md5=dep.md5, size=dep.size, direct=direct)
    return tuple(found[path] for path in sorted(found))


def _upstream(start: list[str], stages: Mapping[str, LockedStage], producers: Mapping[str, str]) -> list[str]:
    """The stages of `start` and all whose outputs they read, however far."""
    seen: dict[str, None] = {}
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen[name] = None
        for dep in stages[name].deps:
            waiting += [producer for out, producer in producers.items() if overlaps(dep.path, out)]
    return list(seen)


def _is_data(path: str, producers: Mapping[str, str], tracked: set[str]) -> bool:
    return any(overlaps(path, other) for other in (*producers, *tracked))
