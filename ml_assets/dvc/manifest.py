"""The pipeline as plain values, resolved once by DVC's own index and cached as JSON by content."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from ml_assets.dvc.errors import ManifestFailed, UnknownStage
from ml_assets.dvc.files import read_cached, write_cached
from ml_assets.dvc.paths import PathIndex, ancestors

# The C loader is missing only where PyYAML was built without it.
Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

FORMAT = 3
# The hashes in a .dvc file change with each landing, the graph does not.
HASH_LINES = re.compile(rb"^[\s-]*(md5|size|nfiles|hash|isexec|etag|mtime):.*$", re.MULTILINE)


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
    def reads(self) -> tuple[str, ...]:
        """Paths of all that it depends on: data, code and params files."""
        return (*self.deps, *self.params)


@dataclass(frozen=True)
class Source:
    """A path that `dvc add` (or an import) tracks by a .dvc file."""

    path: str
    file: str
    desc: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
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
    cached = cache_dir / f"manifest-{_digest(root)}.json"
    if (kept := read_cached(cached)) is not None:
        return Manifest.from_dict(kept)
    resolved = json.loads(_resolve(root))
    for old in cache_dir.glob("manifest-*.json"):
        old.unlink(missing_ok=True)
    write_cached(cached, resolved)
    return Manifest.from_dict(resolved)


def _resolve(root: Path) -> str:
    # A process of its own: DVC wants its working directory inside the repository, sets umask and
    # signal handlers, and costs 0.8 s of imports; a code server should have none of that.
    command = [sys.executable, "-P", "-m", "ml_assets.dvc.resolve", str(root)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ManifestFailed(root, done.stderr.strip() or f"exit code {done.returncode}")
    return done.stdout


def _digest(root: Path) -> str:
    digest = hashlib.sha256(f"{FORMAT}".encode())
    for path in _pipeline_files(root):
        digest.update(os.path.relpath(path, root).encode() + b"\0")
        content = path.read_bytes()
        digest.update(HASH_LINES.sub(b"", content) if path.suffix == ".dvc" else content)
    return digest.hexdigest()[:16]


def _pipeline_files(root: Path) -> Iterator[Path]:
    """dvc.yaml, .dvc and whatever templating may read (`vars`): params files beside a dvc.yaml."""
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        tracked = {name.removesuffix(".dvc") for name in files if name.endswith(".dvc")}
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in tracked | {"node_modules"}
        )
        for name in sorted(files):
            if name == "dvc.yaml":
                yield here / name
                yield from sorted(_variable_files(here / name))
            elif name.endswith(".dvc") and name != ".dvc":
                yield here / name


def _variable_files(pipeline: Path) -> set[Path]:
    """The files that templating of a dvc.yaml may read: those in `vars`, and params.yaml by default."""
    try:
        content = yaml.load(pipeline.read_bytes(), Loader=Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError:
        return set()  # DVC tells better what is wrong with it
    folders, names = {pipeline.parent}, {"params.yaml"}
    for table in _tables(content):
        folders.add(pipeline.parent / str(table.get("wdir") or "."))
        listed = table.get("vars")
        names.update(str(each).partition(":")[0] for each in listed or () if isinstance(each, str))
    candidates = {folder / name for folder in folders for name in names}
    return {path for path in candidates if path.is_file()}


def _tables(content: Any) -> Iterator[Mapping[str, Any]]:
    """dvc.yaml's top, and each stage with what `foreach` repeats."""
    if not isinstance(content, Mapping):
        return
    yield content
    stages = content.get("stages")
    for stage in stages.values() if isinstance(stages, Mapping) else ():
        if isinstance(stage, Mapping):
            yield stage
            if isinstance(stage.get("do"), Mapping):
                yield stage["do"]


def _stage(data: Mapping[str, Any]) -> Stage:
    fields = dict(data)
    fields["params"] = {file: tuple(keys) for file, keys in fields["params"].items()}
    fields["outs"] = tuple(Output(**out) for out in fields["outs"])
    return Stage(**{**fields, "cmd": tuple(fields["cmd"]), "deps": tuple(fields["deps"])})
