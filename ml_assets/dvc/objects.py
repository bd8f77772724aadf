"""The objects in DVC's cache: where each lies, and whether its bytes are what its name says."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from pathlib import Path

NAME = re.compile(r"[0-9a-f]{30}(\.dir)?")
BATCH = 10_000


class Damage(Enum):
    """What is wrong with an object."""

    CORRUPT = "corrupt"
    """Its bytes have another hash than its name."""
    MISSING = "missing"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class CacheObject:
    """One file of the cache; `md5` ends in `.dir` for the listing of a folder.

    `legacy` objects were made by DVC 2: they lie two folders higher, and are hashed as if their text had
    Unix line ends.
    """

    md5: str
    path: Path
    legacy: bool = False


@dataclass(frozen=True)
class Damaged:
    """An object that must not be trusted; `found` is the hash of what is there instead, or the reason."""

    object: CacheObject
    damage: Damage
    found: str = ""


@dataclass(frozen=True)
class Listed:
    """A file in the listing of a folder, by its path from there."""

    relpath: str
    md5: str


def objects_of(cache: Path, md5s: Iterable[str]) -> tuple[CacheObject, ...]:
    """Where the objects with these names lie below `cache`, in either layout; missing ones, in today's."""
    found: list[CacheObject] = []
    for md5 in dict.fromkeys(md5s):
        now, before = _place(cache / "files" / "md5", md5), _place(cache, md5)
        if before.exists():
            found.append(CacheObject(md5, before, legacy=True))
        if now.exists() or not before.exists():
            found.append(CacheObject(md5, now))
    return tuple(found)


def all_objects(cache: Path) -> Iterator[CacheObject]:
    """Every object below `cache`, in both layouts; leftovers of broken copies are none."""
    for top, legacy in ((cache / "files" / "md5", False), (cache, True)):
        for folder in sorted(top.glob("[0-9a-f][0-9a-f]")):
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries if NAME.fullmatch(entry.name))
            yield from (CacheObject(folder.name + name, folder / name, legacy=legacy) for name in names)


def find_damage(
    objects: Iterable[CacheObject], *, on_checked: Callable[[CacheObject], None] = lambda _: None
) -> tuple[Damaged, ...]:
    """Those of `objects` that are not what their names say: each is read whole, on all cores.

    DVC itself trusts whatever is read-only, or has the time and size of before.
    """

    def look(each: CacheObject) -> Damaged | None:
        damaged = examine(each)
        on_checked(each)
        return damaged

    remaining, found = iter(objects), list[Damaged]()
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="md5") as pool:
        # A pool takes in all that it is given at once, and a cache may have millions of objects.
        while some := list(islice(remaining, BATCH)):
            found += filter(None, pool.map(look, some))
    return tuple(found)


def examine(each: CacheObject) -> Damaged | None:
    """What is wrong with one object, if anything."""
    try:
        actual = hash_of(each)
    except FileNotFoundError:
        return Damaged(each, Damage.MISSING)
    except OSError as error:
        return Damaged(each, Damage.UNREADABLE, str(error))
    return None if actual == each.md5.removesuffix(".dir") else Damaged(each, Damage.CORRUPT, actual)


def hash_of(each: CacheObject) -> str:
    """The MD5 of an object's bytes, by the rule of its layout."""
    if each.legacy:
        from ml_assets.dvc._internals.transfers import legacy_hash

        return legacy_hash(each.path)
    with each.path.open("rb") as stream:
        return hashlib.file_digest(stream, _md5).hexdigest()


def read_listing(each: CacheObject) -> tuple[Listed, ...]:
    """The files of a folder, from the intact object that lists them."""
    entries = json.loads(each.path.read_bytes())
    return tuple(Listed(entry["relpath"], entry["md5"]) for entry in entries)


def _md5() -> hashlib._Hash:
    # It names content and protects nothing; where FIPS rules, it is refused without this.
    return hashlib.md5(usedforsecurity=False)


def _place(top: Path, md5: str) -> Path:
    return top / md5[:2] / md5[2:]
