"""A DVC remote as a store of objects that are named by their MD5: listed, read and deleted one by one."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml
from dvc.repo import Repo
from dvc_data.hashfile.db import get_index
from dvc_data.hashfile.hash_info import HashInfo
from dvc_objects.fs.local import LocalFileSystem

from ml_assets.dvc.yaml12 import Loader

__all__ = ["Content", "RemoteStore", "Stored"]

RUNS = "runs"
NAME = re.compile(r"[0-9a-f]{32}(\.dir)?")
CHUNK = 1 << 20
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Stored:
    """An object on the remote; `modified` in seconds since 1970, None where the remote does not tell."""

    size: int
    modified: float | None


@dataclass(frozen=True, slots=True)
class Content:
    """What an object's bytes are."""

    md5: str
    sha256: str


class RemoteStore:
    """The remote `remote` (None: the default one) of `repo`. Methods raise whatever its client raises."""

    def __init__(self, repo: Repo, remote: str | None) -> None:
        self._repo = repo
        self._odb = repo.cloud.get_remote(name=remote, command="gc -c").odb
        self._fs = self._odb.fs
        self._names: set[str] | None = None

    @property
    def readers(self) -> int:
        """How many requests at once are worth while."""
        jobs: int = self._fs.jobs
        return jobs

    def listed(self) -> dict[str, Stored]:
        """Everything that is there, by name."""
        return {
            name: Stored(int(info.get("size") or 0), _modified(info))
            for path, info in self._files()
            if NAME.fullmatch(name := "".join(self._fs.parts(path)[-2:]))
        }

    def _files(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if isinstance(self._fs, LocalFileSystem):
            # Its `find` tells no details, and that of buckets lists all folders at once.
            for folder, _, files in self._fs.walk(self._odb.path, detail=True):
                yield from ((self._fs.join(folder, name), info) for name, info in files.items())
            return
        with suppress(FileNotFoundError):
            yield from self._fs.fs.find(self._odb.path, detail=True).items()

    def have(self, md5s: Collection[str]) -> set[str]:
        """Those of `md5s` that are there.

        All are listed, once: DVC's own question of this kind removes from a local remote what has other
        bytes, and a bucket that may not be read says of each single object that it is missing.
        """
        if self._names is None:
            self._names = set(self.listed())
        return self._names & set(md5s)

    def content(self, md5: str) -> Content | None:
        """The hashes of an object's bytes, which are read once; None where it is not there."""
        name, proof = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        try:
            with self._fs.open(self._odb.oid_to_path(md5), "rb") as stream:
                while chunk := stream.read(CHUNK):
                    name.update(chunk)
                    proof.update(chunk)
        except FileNotFoundError:
            return None
        return Content(name.hexdigest(), proof.hexdigest())

    def listing(self, md5: str) -> dict[str, str] | None:
        """Path → MD5 of the files of a folder, from this machine's cache where that is intact; None: nowhere.

        Raises ValueError where the remote's is no listing.
        """
        here = Path(self._repo.cache.local.oid_to_path(md5))
        with suppress(FileNotFoundError):
            data = here.read_bytes()
            if hashlib.md5(data, usedforsecurity=False).hexdigest() == md5.removesuffix(".dir"):
                return _entries(data)
        try:
            with self._fs.open(self._odb.oid_to_path(md5), "rb") as stream:
                return _entries(stream.read())
        except FileNotFoundError:
            return None

    def delete(self, md5s: Iterable[str], *, until: Callable[[], bool] = lambda: False) -> list[str]:
        """Delete objects, those that are gone already too; which, until `until` says that it is enough.

        Listings go first: DVC takes one that is there for a proof that its files are.
        """
        done = []
        for md5 in sorted(md5s, key=lambda each: (not each.endswith(".dir"), each)):
            if until():
                break
            with suppress(FileNotFoundError):
                self._odb.delete(md5)
            done.append(md5)
        get_index(self._odb).clear()
        return done

    def delete_here(self, md5s: Iterable[str]) -> None:
        """Delete objects from this machine's cache."""
        for md5 in md5s:
            path = Path(self._repo.cache.local.oid_to_path(md5))
            with suppress(FileNotFoundError):
                path.parent.chmod(0o755)
                path.unlink()

    def run_entries(self) -> Iterator[tuple[str, set[str]]]:
        """Path of each entry of the run cache, and the objects that it names."""
        root = self._fs.join(self._fs.parent(self._fs.parent(self._odb.path)), RUNS)
        try:
            paths = list(self._fs.find(root))
        except FileNotFoundError:
            return
        with ThreadPoolExecutor(self.readers) as pool:
            yield from zip(paths, pool.map(self._named_by, paths), strict=True)

    def delete_run_entries(self, paths: Iterable[str]) -> None:
        for path in paths:
            with suppress(FileNotFoundError):
                self._fs.remove(path)

    def used_by_git(self) -> set[str]:
        """What the workspace, branches, tags and experiments name; folders by their listing alone."""
        with _without_warnings():
            used = self._repo.used_objs(
                all_branches=True, all_tags=True, all_experiments=True, with_deps=False, force=True
            )
        hashes: set[HashInfo] = set().union(*used.values())
        return {str(each.value) for each in hashes}

    def _named_by(self, path: str) -> set[str]:
        try:
            with self._fs.open(path, "rb") as stream:
                entry = yaml.load(stream.read(), Loader)  # noqa: S506 - a safe loader, in C
        except (FileNotFoundError, yaml.YAMLError):
            return set()
        outs = entry.get("outs", []) if isinstance(entry, dict) else []
        return {str(out["md5"]) for out in outs if isinstance(out, dict) and "md5" in out}


@contextmanager
def _without_warnings() -> Iterator[None]:
    """DVC warns of each output without a hash, as on a branch where dvc.lock is not in Git."""
    logger = logging.getLogger("dvc")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _entries(data: bytes) -> dict[str, str]:
    return {str(each["relpath"]): str(each["md5"]) for each in json.loads(data)}


def _modified(info: Mapping[str, Any]) -> float | None:
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        found = info.get(name)
        if isinstance(found, datetime):
            return found.timestamp()
        if isinstance(found, int | float):
            return float(found)
    return None
