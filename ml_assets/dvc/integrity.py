"""Keeps damaged cache objects from being trusted: checked for a stage, and before anything is pushed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.errors import CacheDamaged
from ml_assets.dvc.lockfile import output_paths, read_locks
from ml_assets.dvc.objects import CacheObject, Damage, Damaged, find_damage, objects_of, read_listing
from ml_assets.dvc.owners import describe, owners_of, remedies
from ml_assets.dvc.project import DvcProject


@dataclass(frozen=True)
class Integrity:
    """What came out of reading the cache objects of some outputs again."""

    checked: int
    damaged: tuple[Damaged, ...]

    @property
    def passed(self) -> bool:
        """Whether each object is there, and is what its name says."""
        return not self.damaged


def corrupt_objects(root: Path, md5s: Iterable[str]) -> tuple[Damaged, ...]:
    """Those of the cache objects of the project at `root` that are corrupt, missing or unreadable.

    Folders (`….dir`) are looked into. DVC knows where the cache is; asking it costs half a second.
    """
    return _check(DvcProject(root).cache_dir(), md5s).damaged


def cache_intact(project: DvcProject, stage: str) -> Integrity:
    """Whether the cache has what dvc.lock says that a stage made; outputs that are not cached don't count.

    Raises:
        UnknownStage, LockFileUnreadable.
    """
    manifest = project.manifest()
    declared = manifest.stage(stage)
    cached = {out.path for out in declared.outs if out.cache}
    locked = output_paths(declared, read_locks(project.root, manifest).get(declared.name))
    return _check(project.cache_dir(), [out.md5 for path, out in locked.items() if path in cached])


@contextmanager
def only_intact(root: Path) -> Iterator[None]:
    """Within this context and thread, whatever DVC is about to upload is read first.

    What the remote has already is not looked at, so that a push of nothing new costs nothing more.

    Raises:
        CacheDamaged: an object is not what its name says, or is nowhere although its file is in the
            workspace (DVC deletes a corrupt object that is writable, and goes on); nothing was uploaded.
    """
    from ml_assets.dvc._internals.transfers import upload_guard

    def check(new: Iterable[CacheObject], missing: Iterable[CacheObject]) -> None:
        refuse(root, [*find_damage(new), *_lost(root, missing)])

    with upload_guard(check):
        yield


def refuse(root: Path, damaged: Iterable[Damaged]) -> None:
    """Raises CacheDamaged, with what each object is and how to mend it, if there is any."""
    damaged = tuple(damaged)
    if damaged:
        owners = owners_of(root, [each.object for each in damaged])
        raise CacheDamaged(tuple(describe(each, owners) for each in damaged), remedies(root, damaged, owners))


def _lost(root: Path, missing: Iterable[CacheObject]) -> Iterator[Damaged]:
    """Objects that are nowhere, of files that are in the workspace: here they were made, or used."""
    missing = tuple(missing)
    owners = owners_of(root, missing) if missing else {}
    for each in missing:
        if any((root / owner.path).exists() for owner in owners.get(each.md5, ())):
            yield Damaged(each, Damage.MISSING)


def _check(cache: Path, md5s: Iterable[str]) -> Integrity:
    tops = objects_of(cache, md5s)
    damaged = find_damage(tops)
    broken = {each.object for each in damaged}
    listings = [each for each in tops if each.md5.endswith(".dir") and each not in broken]
    files = objects_of(cache, [file.md5 for each in listings for file in read_listing(each)])
    return Integrity(len(tops) + len(files), (*damaged, *find_damage(files)))
