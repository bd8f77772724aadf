"""How DVC's cache and its memory of hashes are set up on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ml_assets.doctor.disks import disk_of
from ml_assets.doctor.finding import Finding, error, info, warning
from ml_assets.doctor.site import Site

LINKS = {"hardlink", "symlink"}
IN_CONTAINER = ("/.dockerenv", "/run/.containerenv")
DEFAULT_SITE_CACHE = "/var/tmp/dvc"  # noqa: S108 - DVC's own default, which is what is asked for


def cache_type(site: Site) -> Iterator[Finding]:
    """DVC tries to link first, and where that fails has copied already."""
    types = _types(site)
    disk = disk_of(site.cache_dir)
    if not types and disk is not None and not disk.has_reflinks:
        yield warning(
            site.cache_dir,
            f"cache.type is not set, and {disk.kind} has no reflinks: DVC copies each output file twice",
            "`dvc config cache.type copy`",
        )
    if LINKS.intersection(types) and os.geteuid() == 0:
        yield warning(
            site.cache_dir,
            f"cache.type is {','.join(types)} and this is root, whom no protection stops: a stage that "
            "writes into a file of the workspace overwrites the cached version",
            "`dvc config cache.type copy`, or run as another user",
        )


def cache_disk(site: Site) -> Iterator[Finding]:
    """Links do not cross file systems."""
    ours, cached = disk_of(site.root), disk_of(site.cache_dir)
    if ours is None or cached is None or ours.device == cached.device:
        return
    what = f"it is on another disk ({cached.mountpoint}) than the workspace ({ours.mountpoint})"
    if "hardlink" in _types(site):
        yield warning(site.cache_dir, f"{what}: hard links are impossible", "`dvc config cache.type copy`")
    else:
        yield info(
            site.cache_dir, f"{what}: each file is copied between them", "`dvc cache dir --local PATH`"
        )


def cache_permissions(site: Site) -> Iterator[Finding]:
    """Ours to write, and, where others share it, theirs."""
    cache = site.cache_dir
    if not cache.is_dir():
        return
    # For root too it is false on a file system that is mounted read-only.
    if not os.access(cache, os.W_OK):
        yield error(
            cache, "this user cannot write it: no stage can save its outputs", f"`chmod -R u+w '{cache}'`"
        )
    elif _is_shared(site, cache) and site.config["cache"].get("shared") != "group":
        yield warning(
            cache,
            "others use this cache too, and cannot read or extend what is saved from here",
            "`dvc config cache.shared group`",
        )


def site_cache(site: Site) -> Iterator[Finding]:
    """DVC's memory of hashes: lost with the container, everything is hashed again."""
    folder = site.environ.get("DVC_SITE_CACHE_DIR") or site.config["core"].get("site_cache_dir")
    contained = "KUBERNETES_SERVICE_HOST" in site.environ or any(Path(mark).exists() for mark in IN_CONTAINER)
    if contained and not folder:
        yield warning(
            DEFAULT_SITE_CACHE,
            "DVC remembers hashes there, and forgets them with this container: all data is hashed again",
            "`dvc config --local core.site_cache_dir /A/VOLUME/dvc`",
        )


def checksum_jobs(site: Site) -> Iterator[Finding]:
    """DVC hashes with half of the cores, at most four."""
    cores = os.cpu_count() or 1
    if cores > 1 and not site.config["core"].get("checksum_jobs"):
        yield info(
            "core.checksum_jobs",
            f"it is not set: hashing many files uses {max(1, min(4, cores // 2))} of {cores} cores",
            f"`dvc config --local core.checksum_jobs {cores}`",
        )


def _types(site: Site) -> list[str]:
    types = site.config["cache"].get("type") or []
    return [each.strip() for each in types.split(",")] if isinstance(types, str) else list(types)


def _is_shared(site: Site, cache: Path) -> bool:
    return not cache.is_relative_to(site.root) and cache.stat().st_uid != site.root.stat().st_uid
