"""The disk that a path is on: its file system, and what is free."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "glusterfs", "ceph", "lustre", "afs"}
# Where a copy can share its blocks with the original, so that it costs neither time nor space.
REFLINK = {"btrfs", "xfs", "apfs", "zfs", "bcachefs", "ocfs2"}


@dataclass(frozen=True)
class Disk:
    """A mounted file system; `free` in bytes."""

    mountpoint: Path
    kind: str
    device: int
    free: int

    @property
    def is_network(self) -> bool:
        return self.kind in NETWORK or self.kind.startswith("fuse.")

    @property
    def has_reflinks(self) -> bool:
        return self.kind in REFLINK


def disk_of(path: Path) -> Disk | None:
    """The disk that `path` is on, or would be on when made; None where the system does not tell."""
    there = next(
        folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists()
    ).resolve()
    mounts = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    mountpoint = next((folder for folder in (there, *there.parents) if folder in mounts), None)
    if mountpoint is None:
        return None
    free = shutil.disk_usage(there).free
    return Disk(mountpoint, mounts[mountpoint], there.stat().st_dev, free)
