"""The pipeline as plain values, resolved once by DVC's own index and cached as JSON by content."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ml_assets.dvc.errors import ManifestFailed, UnknownStage
from ml_assets.dvc.files import read_cached, write_cached
from ml_assets.dvc.paths import PathIndex, ancestors
from ml_assets.dvc.pipeline_files import digests, pipeline_digests
from ml_assets.dvc.refusal import refusal

FORMAT = 4


@dataclass(frozen=True)
class Output:
    """One output of a stage; `path` is relative to the project's root, with `/`.

    `push: false` keeps it off remotes; `remote` is the one that it alone goes to.
    """

    path: str
    cache: bool = True
    metric: bool = False
    plot: bool = False
    persist: bool = False
    push: bool = True
    remote: str | None = None
    desc: str | None = None


@dataclass(frozen=True)
class Stage:
    """A stage of a dvc.yaml, templating resolved; paths are relative to the project's root.

    `group` is the name of the `foreach` or `matrix` that it comes from, and `line` where that or the stage
    itself begins in `file`, counted from 1; it is None for a stage that YAML merges in from elsewhere.
    """

    name: str
    file: str
    wdir: str
    cmd: tuple[str, ...]
    deps: tuple[str, ...]
    params: Mapping[str, tuple[str, ...]]
    outs: tuple[Output, ...]
    desc: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    frozen: bool = False
    always_changed: bool = False
    group: str | None = None
    line: int | None = None

    @property
    def entry(self) -> str:
        """Its name inside its dvc.yaml, and in the dvc.lock beside that."""
        return self.name.removeprefix(f"{self.file}:")

    @property
    def reads(self) -> tuple[str, ...]:
        """Paths of all that it depends on: data, code and params files."""
        return (*self.deps, *self.params)


@dataclass(frozen=True)
class Source:
    """A path that `dvc add` (or an import) tracks by a .dvc file.

    It is `moving` where `dvc repro` looks at an import's origin: one not frozen, or not downloaded yet.
    """

    path: str
    file: str
    desc: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    moving: bool = False


# Compared by identity, so that what is worked out of one can be kept.
@dataclass(frozen=True, eq=False)
class Manifest:
    """All stages, in the order in which a serial `dvc repro` runs them, and all tracked sources."""

    stages: tuple[Stage, ...]
    sources: tuple[Source, ...]
    plots: tuple[str, ...] = ()
    """Files and folders that plots show, those of dvc.yaml's top-level `plots` included."""

    def stage(self, name: str) -> Stage:
        """The stage of that name.

        Raises:
            UnknownStage: no dvc.yaml has it.
        """
        if name not in self._by_name:
            raise UnknownStage(name, tuple(self._by_name))
        return self._by_name[name]

    def source(self, path: str) -> Source:
        """The tracked source at `path`, which must be one."""
        return self._sources[path]

    def producers(self) -> dict[str, str]:
        """Output path → name of the stage that makes it."""
        return self._producers

    def upstream(self, stage: Stage) -> tuple[str, ...]:
        """Names of the stages whose outputs `stage` reads, a folder's inside and around included."""
        return self._outputs.overlapping(*stage.reads)

    def sources_of(self, stage: Stage) -> tuple[Source, ...]:
        """The tracked sources that `stage` reads, a folder's inside and around included."""
        return tuple(self._sources[path] for path in self._tracked.overlapping(*stage.reads))

    def is_data(self, path: str) -> bool:
        """Whether a stage makes `path` or a .dvc file tracks it, or something inside or around it."""
        return bool(self._outputs.overlapping(path) or self._tracked.overlapping(path))

    @cached_property
    def _by_name(self) -> dict[str, Stage]:
        return {stage.name: stage for stage in self.stages}

    @cached_property
    def _producers(self) -> dict[str, str]:
        return {out.path: stage.name for stage in self.stages for out in stage.outs}

    @cached_property
    def _sources(self) -> dict[str, Source]:
        return {source.path: source for source in self.sources}

    @cached_property
    def _outputs(self) -> PathIndex:
        return PathIndex(self._producers.items())

    @cached_property
    def _tracked(self) -> PathIndex:
        return PathIndex((path, path) for path in self._sources)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Manifest:
        return cls(
            stages=tuple(_stage(each) for each in data["stages"]),
            sources=tuple(Source(**each) for each in data["sources"]),
            plots=tuple(data["plots"]),
        )


def overlaps(one: str, other: str) -> bool:
    """Whether two paths are the same, or one lies inside the other."""
    return one == other or one in ancestors(other) or other in ancestors(one)


def load_manifest(root: Path, *, cache_dir: Path) -> Manifest:
    """The manifest of the project at `root`, without importing DVC when its files are as they were.

    Raises:
        ManifestFailed: DVC refuses the pipeline files.
    """
    cached = cache_dir / f"manifest-{FORMAT}.json"
    kept = read_cached(cached)
    if kept is not None and _holds(root, kept):
        return Manifest.from_dict(kept["manifest"])
    before = pipeline_digests(root)
    resolved = _resolve(root)
    outside = pipeline_digests(root, outputs=_outputs(resolved))
    write_cached(cached, {**resolved, "files": {file: before.get(file) for file in outside}})
    return Manifest.from_dict(resolved["manifest"])


def _holds(root: Path, kept: Mapping[str, Any]) -> bool:
    """Whether the files that the pipeline came from say what they said, and no new ones are there."""
    files = pipeline_digests(root, outputs=_outputs(kept))
    return bool(kept["files"] == files and kept["variables"] == digests(root, kept["variables"]))


def _outputs(kept: Mapping[str, Any]) -> list[str]:
    return [out["path"] for stage in kept["manifest"]["stages"] for out in stage["outs"]]


def _resolve(root: Path) -> dict[str, Any]:
    # A process of its own: DVC wants its working directory inside the repository, sets umask and
    # signal handlers, and costs 0.8 s of imports; a code server should have none of that.
    command = [sys.executable, "-P", "-m", "ml_assets.dvc.resolve", str(root)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ManifestFailed(root, done.stderr.strip() or f"exit code {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if refused := answer.get("refused"):
        raise refusal(root, **refused)
    return answer


def _stage(data: Mapping[str, Any]) -> Stage:
    fields = dict(data)
    fields["params"] = {file: tuple(keys) for file, keys in fields["params"].items()}
    fields["outs"] = tuple(Output(**out) for out in fields["outs"])
    return Stage(**{**fields, "cmd": tuple(fields["cmd"]), "deps": tuple(fields["deps"])})
