"""Claims and locks whose holder is gone, or cannot be told to be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ml_assets.doctor.disks import disk_of
from ml_assets.doctor.finding import Finding, error, info, warning
from ml_assets.doctor.site import Site
from ml_assets.dvc.errors import TornRwlock
from ml_assets.dvc.locks import Hold, in_words, path_holds, repository_hold, writer_hold
from ml_assets.dvc.processes import Life
from ml_assets.dvc.project import DvcProject


def locks(site: Site) -> Iterator[Finding]:
    """Who holds what of this workspace."""
    try:
        holds = path_holds(site.root)
    except TornRwlock as torn:
        yield error(
            torn.path, "it was cut short by a kill, and each `dvc` command fails at it", f"`rm '{torn.path}'`"
        )
        holds = ()
    yield from _tell_stale(site, [hold for hold in holds if hold.is_stale])
    others = [repository_hold(site.root), writer_hold(DvcProject(site.root).private_dir)]
    live = [hold for hold in (*holds, *others) if hold and not hold.is_stale]
    yield from _tell_elsewhere(site, [hold for hold in live if hold.seen.life is Life.ELSEWHERE])
    for words in in_words(hold for hold in live if hold.seen.life is not Life.ELSEWHERE):
        yield info(site.root, words, "let it end; a run waits for it")


def hardlink_lock(site: Site) -> Iterator[Finding]:
    """DVC's lock for network disks does not end with its process."""
    lock = site.root / ".dvc" / "tmp" / "lock"
    if site.config["core"].get("hardlink_lock") and lock.exists():
        since = datetime.fromtimestamp(lock.stat().st_ctime).astimezone()
        yield warning(
            lock,
            f"core.hardlink_lock is on, and this lock, since {since:%Y-%m-%d %H:%M:%S}, does not say whose "
            "it is: after a kill it stays for a year",
            f"when no DVC runs on any host: `rm '{lock}'`",
        )


def network_disk(site: Site) -> Iterator[Finding]:
    """Locks of one host are often not seen by another."""
    disk = disk_of(site.root)
    if disk is not None and disk.is_network and not site.config["core"].get("hardlink_lock"):
        yield warning(
            site.root,
            f"it is on a network disk ({disk.kind}), where one host may not see the locks of another",
            "one clone for each host: `git clone --shared`; or `dvc config core.hardlink_lock true`",
        )


def _tell_stale(site: Site, stale: list[Hold]) -> Iterator[Finding]:
    for words in in_words(stale):
        yield warning(
            site.root / ".dvc/tmp/rwlock",
            f"{words}; plain `dvc` waits for it or fails",
            "`ml-assets repro` releases it and goes on; when no DVC runs, `rm .dvc/tmp/rwlock` does too",
        )


def _tell_elsewhere(site: Site, holds: list[Hold]) -> Iterator[Finding]:
    for words in in_words(holds):
        yield warning(
            site.root,
            f"{words}: only that host can tell whether it lives",
            "one clone for each host or container: `git clone --shared`",
        )
