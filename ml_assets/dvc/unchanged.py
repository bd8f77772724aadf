"""Knows the stages that DVC found up to date and that nobody has touched since, without asking DVC again.

DVC itself trusts a file whose inode, size and time of change are those of its last look (its state
database). This is the same trust for a whole stage: what it declares, what dvc.lock says of it, its params
and code, and the stats of each file that it reads, has made, or keeps in the cache. What differs is left to
DVC.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ml_assets.dvc.code_state import StageCode
from ml_assets.dvc.digest import digest_of
from ml_assets.dvc.errors import ParamsUnreadable
from ml_assets.dvc.files import read_cached, write_cached
from ml_assets.dvc.lockfile import LockedPath, LockedStage, read_locks
from ml_assets.dvc.manifest import Stage
from ml_assets.dvc.params import param_values
from ml_assets.dvc.project import DvcProject

KEPT = "unchanged.json"
# A change in one of them may mean another cache, or other files in a folder.
CONFIGS = (".dvc/config", ".dvc/config.local", ".dvcignore")

Stat = tuple[int, int, int, int]


class LinkedFolder(OSError):
    """A folder has a link to a folder in it."""


@dataclass(frozen=True)
class Fingerprints:
    """What the stages of a project look like at one time; it remembers each file that it has seen."""

    project: DvcProject
    cache_dir: Path
    codes: Mapping[str, StageCode]
    _seen: dict[str, Any] = field(default_factory=dict)

    def of(self, stage: Stage) -> str | None:
        """SHA-256 of all that a stage is up to date by; None where that cannot be told by looking."""
        locked = self.locks.get(stage.name)
        paths = [*stage.deps, *(out.path for out in stage.outs)]
        if locked is None or stage.always_changed or not paths or any("://" in path for path in paths):
            return None
        cached = {out.path for out in stage.outs if out.cache}
        try:
            parts = [
                asdict(stage),
                param_values(self.project.root, stage),
                self.codes[stage.name].digest,
                asdict(locked),
                self._configs,
                [self._tree(path) for path in paths],
                [self._objects(out) for out in locked.outs if out.path in cached],
            ]
        except (OSError, ValueError, ParamsUnreadable):
            return None
        return digest_of(parts)

    @cached_property
    def locks(self) -> Mapping[str, LockedStage]:
        """What dvc.lock says of each stage."""
        return read_locks(self.project.root, self.project.manifest())

    @cached_property
    def _configs(self) -> list[str | None]:
        paths = [self.project.root / name for name in CONFIGS]
        return [path.read_text(encoding="utf-8") if path.exists() else None for path in paths]

    def _tree(self, path: str) -> Any:
        if path not in self._seen:
            self._seen[path] = dict(_stats(self.project.root / path))
        return self._seen[path]

    def _objects(self, out: LockedPath) -> list[Stat]:
        """Those of an output in the cache: DVC runs a stage again whose result it lacks there."""
        main = self._stored(out.md5)
        listing = json.loads(main.read_bytes()) if out.md5.endswith(".dir") else []
        return [_stat(main), *(_stat(self._stored(entry["md5"])) for entry in listing)]

    def _stored(self, md5: str) -> Path:
        path = self.cache_dir / "files" / "md5" / md5[:2] / md5[2:]
        # Objects of DVC 2 lie elsewhere.
        return path if path.exists() else self.cache_dir / md5[:2] / md5[2:]


def _stats(path: Path) -> Iterator[tuple[str, Stat]]:
    yield "", _stat(path)
    for folder, folders, files in os.walk(path):
        folders.sort()
        if any(os.path.islink(os.path.join(folder, name)) for name in folders):  # noqa: PTH114, PTH118
            # It may lead round in a circle, or out of all that is looked at.
            raise LinkedFolder(folder)
        for name in sorted(files):
            file = os.path.join(folder, name)  # noqa: PTH118 - 10,000 Path objects cost more than the stats
            yield file, _stat(file)


def _stat(path: str | Path) -> Stat:
    found = os.stat(path)  # noqa: PTH116
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode


@dataclass(frozen=True)
class LastLook:
    """The fingerprints of stages that DVC found up to date, and where its cache was then."""

    project: DvcProject
    cache_dir: Path | None
    kept: Mapping[str, str]

    @classmethod
    def read(cls, project: DvcProject) -> LastLook:
        """What is kept in the project's private folder; nothing when that was lost."""
        content = read_cached(project.private_dir / KEPT) or {"cache_dir": None, "stages": {}}
        cache_dir = content["cache_dir"]
        return cls(project, Path(cache_dir) if cache_dir else None, content["stages"])

    def unchanged(self, stages: Iterable[Stage], codes: Mapping[str, StageCode]) -> set[str]:
        """Names of those `stages` that are as they were; `codes` are their codes now."""
        if self.cache_dir is None:
            return set()
        now = Fingerprints(self.project, self.cache_dir, codes)
        return {stage.name for stage in stages if self.kept.get(stage.name, "") == now.of(stage)}

    def keep(self, found: Mapping[str, str], cache_dir: Path) -> None:
        """Remember `found`, the fingerprints that stages had before DVC found them up to date."""
        write_cached(
            self.project.private_dir / KEPT,
            {"cache_dir": str(cache_dir), "stages": {**self.kept, **found}},
        )
