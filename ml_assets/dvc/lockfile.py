"""Reads dvc.lock and .dvc files as plain values: what DVC says of each path, without importing DVC."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from ml_assets.dvc.digest import digest_of
from ml_assets.dvc.errors import LockFileUnreadable
from ml_assets.dvc.manifest import Manifest, Source, Stage
from ml_assets.dvc.parts import whole_entry
from ml_assets.dvc.refusal import MERGE_MARK
from ml_assets.dvc.yaml12 import Loader


@dataclass(frozen=True)
class LockedPath:
    """One dependency or output as DVC recorded it; `md5` ends in `.dir` for a folder."""

    path: str
    md5: str
    size: int | None
    files: int | None


@dataclass(frozen=True)
class LockedStage:
    """What DVC recorded of a stage's last run."""

    name: str
    cmd: tuple[str, ...]
    deps: tuple[LockedPath, ...]
    params: Mapping[str, Mapping[str, Any]]
    outs: tuple[LockedPath, ...]

    @property
    def version(self) -> str:
        """The data version: the output's hash, or a digest over several.

        A stage without outputs made nothing but the fact that it ran on these inputs: it has their digest.
        """
        return combined_version(self.outs or self.deps)


def combined_version(paths: Iterable[LockedPath]) -> str:
    """The hash of a single path, else SHA-256 over the sorted `path:hash` lines.

    Paths are those of dvc.lock made relative to the root, so that a version is the same in every clone.
    """
    hashes = sorted(f"{each.path}:{each.md5}" for each in paths)
    if len(hashes) == 1:
        return hashes[0].rpartition(":")[2]
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def read_lock(text: str, *, path: Path) -> dict[str, LockedStage]:
    """Stage name → what `text`, the content of the dvc.lock at `path`, says of it; paths as written there.

    Raises:
        LockFileUnreadable: it is no YAML mapping.
    """
    stages = _mapping(text, path).get("stages") or {}
    return {name: _stage(name, entry) for name, entry in stages.items()}


def root_lock_text(root: Path) -> str:
    """The text of the dvc.lock at the project's root; empty when there is none."""
    lock = root / "dvc.lock"
    return lock.read_text(encoding="utf-8") if lock.exists() else ""


def read_locks(root: Path, manifest: Manifest) -> dict[str, LockedStage]:
    """The locked stages of all dvc.yaml files, by the manifest's names; paths are relative to the root.

    Entries of stages that no dvc.yaml has any more, which DVC keeps, are left out.
    """
    found: dict[str, LockedStage] = {}
    for file in {stage.file for stage in manifest.stages}:
        lock = (root / file).with_suffix(".lock")
        if lock.exists():
            prefix = "" if file == "dvc.yaml" else f"{file}:"
            locked = read_lock(lock.read_text(encoding="utf-8"), path=lock)
            found |= {f"{prefix}{name}": stage for name, stage in locked.items()}
    return {
        stage.name: _from_root(found[stage.name], stage.wdir)
        for stage in manifest.stages
        if stage.name in found
    }


def _from_root(stage: LockedStage, wdir: str) -> LockedStage:
    """dvc.lock names paths from the stage's working directory; everything else here, from the root."""
    if wdir == ".":
        return stage
    return replace(
        stage,
        deps=tuple(replace(dep, path=_joined(wdir, dep.path)) for dep in stage.deps),
        outs=tuple(replace(out, path=_joined(wdir, out.path)) for out in stage.outs),
        params={_joined(wdir, file): values for file, values in stage.params.items()},
    )


def _joined(wdir: str, path: str) -> str:
    return path if "://" in path else posixpath.normpath(posixpath.join(wdir, path))


def read_dvc_file(path: Path) -> LockedPath | None:
    """What a .dvc file tracks, or None where there is no such file (yet) or no hash in it.

    A folder that is divided into parts is one path.

    Raises:
        LockFileUnreadable: it is no YAML mapping.
    """
    out = whole_entry(_read_mapping(path), path.stem)
    return _path(out) if out and _hash(out) else None


def outputs_in(text: str) -> tuple[Mapping[str, Any], ...]:
    """The outputs in the text of a .dvc file, as they are written there; none where it is no such text."""
    try:
        content = yaml.load(text, Loader=Loader)  # noqa: S506 - a safe loader, in C where there is one
    except yaml.YAMLError:
        return ()
    outs = content.get("outs") if isinstance(content, dict) else None
    return tuple(out for out in outs if isinstance(out, dict)) if isinstance(outs, list) else ()


def read_parts(root: Path, source: Source) -> tuple[LockedPath, ...]:
    """The outputs that make up `source`: mostly one, many where its folder is divided."""
    content = _read_mapping(root / source.file)
    wdir = posixpath.join(posixpath.dirname(source.file), str(content.get("wdir") or "."))
    found = [(_joined(wdir, out["path"]), out) for out in content.get("outs") or () if _hash(out)]
    inside = f"{source.path}/"
    return tuple(
        replace(_path(out), path=path)
        for path, out in found
        if path == source.path or path.startswith(inside)
    )


def read_source(root: Path, source: Source) -> LockedPath | None:
    """What the .dvc file of `source` says of it; None where that file is gone or has no hash of it (yet).

    Raises:
        LockFileUnreadable: it is no YAML mapping.
    """
    content = _read_mapping(root / source.file)
    wdir = posixpath.join(posixpath.dirname(source.file), str(content.get("wdir") or "."))
    name = posixpath.basename(source.file).removesuffix(".dvc")
    for out in (*(content.get("outs") or ()), whole_entry(content, name) or {}):
        if out and _joined(wdir, out["path"]) == source.path and _hash(out):
            return replace(_path(out), path=source.path)
    return None


def stale_stages(
    manifest: Manifest, locked: Mapping[str, LockedStage], sources: Mapping[str, str]
) -> tuple[str, ...]:
    """Names of the stages whose recorded inputs are not the recorded outputs above them.

    Args:
        sources: path of a tracked source → the hash in its .dvc file.

    Looks at hashes alone and so costs nothing; `dvc status` looks at the files too. What a frozen stage reads
    does not make it stale, as it does not make DVC run it.
    """
    produced = {out.path: out.md5 for stage in locked.values() for out in stage.outs} | dict(sources)
    stale: set[str] = set()
    for stage in manifest.stages:
        entry = locked.get(stage.name)
        if entry is None or (not stage.frozen and _inputs_moved(entry, stage, manifest, stale, produced)):
            stale.add(stage.name)
    return tuple(stage.name for stage in manifest.stages if stage.name in stale)


def _inputs_moved(
    entry: LockedStage, stage: Stage, manifest: Manifest, stale: set[str], produced: Mapping[str, str]
) -> bool:
    return not stale.isdisjoint(manifest.upstream(stage)) or any(
        produced.get(dep.path, dep.md5) != dep.md5 for dep in entry.deps
    )


def source_hashes(root: Path, manifest: Manifest) -> dict[str, str]:
    """Path of each tracked source → the hash in its .dvc file."""
    read = {source.path: read_source(root, source) for source in manifest.sources}
    return {path: locked.md5 for path, locked in read.items() if locked}


def output_paths(stage: Stage, locked: LockedStage | None) -> dict[str, LockedPath]:
    """Output path → its recorded hash, for the outputs that the stage still declares."""
    declared = {out.path for out in stage.outs}
    return {out.path: out for out in (locked.outs if locked else ()) if out.path in declared}


def _read_mapping(path: Path) -> Mapping[str, Any]:
    return _mapping(path.read_text(encoding="utf-8"), path) if path.exists() else {}


def _mapping(text: str, path: Path) -> Mapping[str, Any]:
    if MERGE_MARK.search(text):
        raise LockFileUnreadable(path, "the marks of an unfinished merge are in it", restore="--ours ")
    try:
        data = yaml.load(text, Loader=Loader)  # noqa: S506 - a safe loader, in C where there is one
    except yaml.YAMLError as error:
        raise LockFileUnreadable(path, str(error).splitlines()[0]) from error
    if not isinstance(data, dict):
        raise LockFileUnreadable(path, "empty or cut short")
    return data


def _stage(name: str, entry: Mapping[str, Any]) -> LockedStage:
    cmd = entry["cmd"]
    return LockedStage(
        name=name,
        cmd=tuple(cmd) if isinstance(cmd, list) else (cmd,),
        deps=tuple(_path(each) for each in entry.get("deps") or ()),
        params=entry.get("params") or {},
        outs=tuple(_path(each) for each in entry.get("outs") or ()),
    )


def _path(entry: Mapping[str, Any]) -> LockedPath:
    return LockedPath(entry["path"], _hash(entry), entry.get("size"), entry.get("nfiles"))


def _hash(entry: Mapping[str, Any]) -> str:
    """DVC's hash of a path, the server's where it is elsewhere, or a digest of what else tells versions."""
    known = entry.get("md5") or entry.get("etag") or entry.get("checksum")
    if known:
        return str(known)
    # Remotes with versions of their own keep a list of files; datasets keep what their server says.
    told = {name: entry[name] for name in ("files", "cloud", "dataset", "version_id") if entry.get(name)}
    return digest_of(told) if told else ""
