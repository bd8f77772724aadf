"""Reads the whole cache: every object against its name, what dvc.lock needs, and what broken copies left."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from ml_assets.doctor.finding import Finding, error, info
from ml_assets.doctor.site import Site
from ml_assets.dvc.objects import all_objects, find_damage
from ml_assets.dvc.owners import describe, owners_of, remedies

STALE_SECONDS = 3600


def cache_objects(site: Site) -> Iterator[Finding]:
    """Corrupt objects are trusted and pushed by plain DVC, as long as they are read-only."""
    objects, seen = list(all_objects(site.cache_dir)), count(1)
    damaged = find_damage(objects, on_checked=lambda _: site.on_progress(next(seen), len(objects)))
    if not damaged:
        return
    owners = owners_of(site.root, [each.object for each in damaged])
    for each in damaged:
        mend = " && ".join(remedies(site.root, [each], owners))
        yield error(each.object.path, describe(each, owners), f"`{mend}`")


def leftovers(site: Site) -> Iterator[Finding]:
    """What copies that broke off have left in the cache; nobody else removes it."""
    before = time.time() - STALE_SECONDS
    sizes: list[int] = []
    for folder, _, names in os.walk(site.cache_dir / "files" / "md5"):
        for name in names:
            if name.startswith(".") and name.endswith(".tmp"):
                status = Path(folder, name).stat()
                if status.st_mtime < before:
                    sizes.append(status.st_size)
    if sizes:
        yield info(
            site.cache_dir,
            f"{len(sizes)} leftovers of copies that broke off take {sum(sizes) / 1e6:,.1f} MB",
            f"while no DVC runs: `find '{site.cache_dir}' -name '.*.tmp' -mmin +60 -delete`",
        )
