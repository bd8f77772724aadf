"""Reads the whole cache: every object against its name, what dvc.lock needs, and what broken copies left."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

from ml_assets.doctor.finding import Finding, error, info
from ml_assets.doctor.site import Site
from ml_assets.dvc.objects import CacheObject, all_objects, find_damage
from ml_assets.dvc.owners import describe, owners_of, remedies

STALE_SECONDS = 3600


def cache_objects(
    site: Site, *, on_checked: Callable[[CacheObject], None] = lambda _: None
) -> Iterator[Finding]:
    """Corrupt objects are trusted and pushed by plain DVC, as long as they are read-only."""
    damaged = find_damage(all_objects(site.cache_dir), on_checked=on_checked)
    if not damaged:
        return
    owners = owners_of(site.root, [each.object for each in damaged])
    for each in damaged:
        mend = " && ".join(remedies(site.root, [each], owners))
        yield error(each.object.path, describe(each, owners), f"`{mend}`")


def leftovers(site: Site) -> Iterator[Finding]:
    """What copies that broke off have left in the cache; nobody else removes it."""
    before = time.time() - STALE_SECONDS
    count = size = 0
    for folder, _, names in os.walk(site.cache_dir / "files" / "md5"):
        for name in names:
            if name.startswith(".") and name.endswith(".tmp"):
                status = os.stat(f"{folder}/{name}")
                if status.st_mtime < before:
                    count, size = count + 1, size + status.st_size
    if count:
        yield info(
            site.cache_dir,
            f"{count} leftovers of copies that broke off take {size / 1e6:,.1f} MB",
            f"while no DVC runs: `find '{site.cache_dir}' -name '.*.tmp' -mmin +60 -delete`",
        )
