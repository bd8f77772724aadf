"""DVC's run cache, asked for and given key by key: what a stage needs, and all that its entry names.

DVC itself downloads every entry before a run, and uploads entries without the objects of outputs that it
does not cache (metrics, mostly), so that another machine finds the entry and runs the stage again.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dvc.config import RemoteConfigError
from dvc.data_cloud import DataCloud, Remote
from dvc.exceptions import CollectCacheError, DvcException
from dvc.fs import HTTPFileSystem
from dvc.repo import Repo
from dvc.stage.cache import StageCache, _can_hash, _get_cache_hash, _get_stage_hash
from dvc.stage.serialize import to_single_stage_lockfile

from ml_assets.dvc.code_state import FOLDER

RUNS = "runs"
_HASH_OF_ENTRIES = "md5-dos2unix"

Objects = dict[Any, set[Any]]


class KeyedRunCache(StageCache):  # type: ignore[misc]
    """The run cache of one stage's run.

    `share` says whether its result may come from, and go to, the run cache at all. `bring` is called with a
    stage that is about to run and with this cache, to fetch what is missing here.
    """

    def __init__(self, repo: Repo, *, share: bool, bring: Callable[[Any, KeyedRunCache], None]) -> None:
        super().__init__(repo)
        self._share = share
        self._bring = bring

    def restore(self, stage: Any, run_cache: bool = True, pull: bool = False, dry: bool = False) -> None:  # noqa: FBT001, FBT002
        if not dry and _can_hash(stage):
            self._bring(stage, self)
        super().restore(stage, run_cache=run_cache and self._share, pull=pull, dry=dry)

    def save(self, stage: Any) -> None:
        if self._share:
            super().save(stage)
        elif _can_hash(stage):
            # No entry, but what DVC does not cache is kept all the same: dvc.lock alone may restore it.
            for out in self._uncached_outs(stage, to_single_stage_lockfile(stage)):
                out.commit()

    def _load_cache(self, key: str, value: str | None) -> Any | None:
        # A full disk or a kill leaves the folder of a key without an entry, at which DVC fails ever after.
        return None if value is None else super()._load_cache(key, value)

    def wanted(self, stage: Any, fetch_entry: Callable[[str], None]) -> Any | None:
        """The stage with the outputs that dvc.lock or an entry for its inputs names; None without either.

        `fetch_entry` is called with the key when there is no entry here.
        """
        entry = self._locked(stage)
        if entry is None and self._share:
            # Another object: once its inputs are saved, DVC takes dvc.lock's outputs for results of theirs.
            probe = self.repo.stage.get_target(stage.addressing)
            probe.save_deps()
            key = _get_stage_hash(probe)
            if not os.path.isdir(self._get_cache_dir(key)):  # noqa: PTH112 - DVC's paths are text
                fetch_entry(key)
            entry = self._load(probe)
        return None if entry is None else self._with_remotes(entry, stage)

    def _locked(self, stage: Any) -> Any | None:
        # As StageCache.restore decides whether dvc.lock still speaks of these inputs.
        current = not stage.changed_stage() and stage.deps_cached()
        return (
            to_single_stage_lockfile(stage) if current and all(out.hash_info for out in stage.outs) else None
        )

    def _with_remotes(self, entry: Any, stage: Any) -> Any:
        named = self._create_stage(entry, wdir=stage.wdir)
        remotes = {out.def_path: out.remote for out in stage.outs}
        for out in named.outs:
            out.remote = remotes.get(out.def_path)
        return named


class SharedCloud(DataCloud):  # type: ignore[misc]
    """The remotes of a repository by `filesystems`, name → file system, which many repositories share.

    DVC makes a new client for each thing that it asks, which takes longer than the answer.
    """

    def __init__(self, repo: Repo, filesystems: dict[str, Any]) -> None:
        super().__init__(repo)
        self._filesystems = filesystems

    def get_remote(self, name: str | None = None, command: str = "<command>") -> Remote:
        remote = super().get_remote(name, command)
        remote.fs = self._filesystems.setdefault(remote.name, remote.fs)
        return remote


@dataclass(frozen=True)
class RunEntry:
    """One entry of the run cache: the inputs' key and the result's value, which is also its file's name."""

    key: str
    value: str

    @property
    def parts(self) -> tuple[str, ...]:
        return RUNS, self.key[:2], self.key, self.value


@dataclass(frozen=True)
class RemoteRuns:
    """The run cache on a remote, by its name in DVC's configuration (None: the default one)."""

    repo: Repo
    remote: str | None

    def fetch_newest(self, key: str) -> None:
        """Bring the newest entry for `key` into the local run cache, where the remote has one."""
        odb = self._entries()
        if odb is None:
            return
        try:
            listed = odb.fs.ls(odb.fs.join(odb.path, RUNS, key[:2], key), detail=True)
        except FileNotFoundError:
            return
        names = [odb.fs.name(each["name"]) for each in sorted(listed, key=_age) if each["type"] == "file"]
        for name in names[-1:]:
            source, target = self._places(odb, RunEntry(key, name))
            os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
            odb.fs.get_file(source, f"{target}.part")
            os.replace(f"{target}.part", target)  # noqa: PTH105

    def fetch_objects(self, stage: Any) -> None:
        """Bring what `stage`'s outputs are made of into the local cache, as far as the remote has it."""
        try:
            # Without `force` DVC may ask a person about a listing that is not there.
            used: Objects = stage.get_used_objs(remote=self.remote, force=True)
        except (CollectCacheError, FileNotFoundError):
            return  # a folder's listing is gone: the stage has to run
        for odb, objects in used.items():
            if objects:
                self.repo.cloud.pull(objects, remote=self.remote, odb=odb)

    def put(self, stages: Iterable[Any]) -> int:
        """Upload the local entries of `stages`, after the outputs that DVC does not cache; how many were new.

        What DVC caches has to be there already. Raises DvcException when objects could not be uploaded; then
        no entry is either.
        """
        odb = self._entries()
        if odb is None:
            return 0
        shared = [stage for stage in stages if _can_hash(stage) and all(out.can_push for out in stage.outs)]
        sent = self._put_uncached(shared)
        entries = [entry for stage in shared if (entry := self._entry(stage))]
        for entry in entries:
            target, source = self._places(odb, entry)
            odb.fs.put_file(source, target)
        return sent + len(entries)

    def _put_uncached(self, stages: Iterable[Any]) -> int:
        used: Objects = defaultdict(set)
        for stage in stages:
            named = self.repo.stage_cache._uncached_outs(stage, to_single_stage_lockfile(stage))
            for out in named:
                # One that DVC itself made may be nowhere but in the workspace.
                for odb, objects in ({} if out.changed_cache() else out.get_used_objs()).items():
                    used[odb] |= objects
        done = [self.repo.cloud.push(found, remote=self.remote, odb=odb) for odb, found in used.items()]
        if failed := sum(len(each.failed) for each in done):
            raise DvcException(f"{failed} objects of outputs that DVC does not cache were not uploaded")
        return sum(len(each.transferred) for each in done)

    def marks(self, entry: str) -> list[str]:
        """Digests of the code that others saw making an entry of dvc.lock."""
        odb = self._entries()
        if odb is None:
            return []
        try:
            return [odb.fs.name(path) for path in odb.fs.ls(self._marked(odb, entry), detail=False)]
        except FileNotFoundError:
            return []

    def put_marks(self, entries: Mapping[str, Iterable[str]]) -> None:
        """Tell others which code made entries, given by digest: entry → code."""
        odb = self._entries()
        if odb is None:
            return
        for entry, codes in entries.items():
            odb.fs.makedirs(self._marked(odb, entry), exist_ok=True)
            for code in codes:
                odb.fs.pipe_file(odb.fs.join(self._marked(odb, entry), code), b"")

    def _marked(self, odb: Any, entry: str) -> str:
        place: str = odb.fs.join(odb.path, *FOLDER, entry[:2], entry)
        return place

    def _entries(self) -> Any | None:
        """The remote as a store of entries; None for a kind that cannot hold them."""
        try:
            odb = self.repo.cloud.get_remote_odb(self.remote, "push --run-cache", hash_name=_HASH_OF_ENTRIES)
        except RemoteConfigError:
            return None
        return None if isinstance(odb.fs, HTTPFileSystem) else odb

    def _entry(self, stage: Any) -> RunEntry | None:
        """The local entry of a stage as dvc.lock has it."""
        entry = RunEntry(_get_stage_hash(stage), _get_cache_hash(to_single_stage_lockfile(stage)))
        path = self.repo.stage_cache._get_cache_path(entry.key, entry.value)
        return entry if os.path.exists(path) else None  # noqa: PTH110

    def _places(self, odb: Any, entry: RunEntry) -> tuple[str, str]:
        """Where an entry is on the remote, and here."""
        here = os.path.join(self.repo.cache.legacy.path, *entry.parts)  # noqa: PTH118
        return odb.fs.join(odb.path, *entry.parts), here


def _age(listed: Any) -> tuple[str, str]:
    return str(listed.get("LastModified") or listed.get("mtime") or listed.get("created") or ""), listed[
        "name"
    ]


def missing_objects(repo: Repo, stage: Any, remote: str | None) -> list[str]:
    """Hashes of what `stage`'s outputs are made of, and the remote lacks."""
    lacking: set[str] = set()
    used: Objects = stage.get_used_objs(push=True, force=True)
    for odb, objects in used.items():
        if objects:
            status = repo.cloud.status(objects, remote=remote, odb=odb)
            lacking |= {each.value for each in {*status.new, *status.missing}}
    return sorted(lacking)
