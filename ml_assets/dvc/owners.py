"""Which output of which stage a cache object belongs to, and so how to mend it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.lockfile import read_locks, read_parts
from ml_assets.dvc.objects import CacheObject, Damage, Damaged, examine, objects_of, read_listing
from ml_assets.dvc.project import DvcProject


@dataclass(frozen=True)
class Owner:
    """A file of the workspace with that content: `target` is its stage, or its .dvc file."""

    path: str
    target: str
    is_stage: bool

    def __str__(self) -> str:
        return f"'{self.path}' of " + (f"stage '{self.target}'" if self.is_stage else f"'{self.target}'")


Owners = Mapping[str, tuple[Owner, ...]]


def owners_of(root: Path, objects: Iterable[CacheObject]) -> Owners:
    """Hash → the files that dvc.lock and the .dvc files say have it. Objects of older runs have none."""
    wanted = {each.md5 for each in objects}
    found: dict[str, tuple[Owner, ...]] = {}
    project = DvcProject(root)
    cache = project.cache_dir()
    for md5, owner in _tracked(project):
        for inner, file in [(md5, owner), *_inside(cache, md5, owner)]:
            if inner in wanted:
                found[inner] = (*found.get(inner, ()), file)
    return found


def describe(damaged: Damaged, owners: Owners) -> str:
    """One line: what is wrong, with which object, of which file."""
    reason = f" ({damaged.found})" if damaged.damage is Damage.UNREADABLE else ""
    whose = owners.get(damaged.object.md5)
    owned = f", {whose[0]}" if whose else ", of no output that dvc.lock names"
    return f"{damaged.damage.value}: '{damaged.object.path}'{reason}{owned}"


def remedies(root: Path, damaged: Sequence[Damaged], owners: Owners) -> tuple[str, ...]:
    """Shell commands, to be run in `root`, after which the cache is right again.

    `dvc repro -f` alone would not do: DVC takes a read-only object for right, and never writes it again.
    """
    doomed = [str(each.object.path) for each in damaged if each.damage is not Damage.MISSING]
    steps = [shlex.join(["rm", "-f", *doomed])] if doomed else []
    targets: dict[str, list[tuple[Damaged, Owner]]] = {}
    for each in damaged:
        for owner in owners.get(each.object.md5, ())[:1]:
            targets.setdefault(owner.target, []).append((each, owner))
    steps += [_restore(root, target, files) for target, files in targets.items()]
    return tuple(steps)


def _restore(root: Path, target: str, files: Sequence[tuple[Damaged, Owner]]) -> str:
    name = shlex.quote(target)
    if all(_is_intact(root / owner.path, each.object) for each, owner in files):
        return f"dvc commit -q {name}"
    return f"dvc repro {name}" if files[0][1].is_stage else f"dvc pull --force {name}"


def _is_intact(path: Path, each: CacheObject) -> bool:
    """Whether the workspace still has the right bytes; a folder counts, since its files are looked at too."""
    if each.md5.endswith(".dir"):
        return path.is_dir()
    return examine(CacheObject(each.md5, path, each.legacy)) is None


def _tracked(project: DvcProject) -> Iterator[tuple[str, Owner]]:
    manifest = project.manifest()
    for name, stage in read_locks(project.root, manifest).items():
        yield from ((out.md5, Owner(out.path, name, is_stage=True)) for out in stage.outs)
    for source in manifest.sources:
        for part in read_parts(project.root, source):
            yield part.md5, Owner(part.path, source.file, is_stage=False)


def _inside(cache: Path, md5: str, owner: Owner) -> Iterator[tuple[str, Owner]]:
    if not md5.endswith(".dir"):
        return
    for listing in objects_of(cache, [md5]):
        if examine(listing) is None:
            for file in read_listing(listing):
                path = f"{owner.path}/{file.relpath}"
                yield file.md5, Owner(path, owner.target, owner.is_stage)
