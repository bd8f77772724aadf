"""The machine: space on its disks, and threads that would fight for its cores."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ml_assets.doctor.disks import disk_of
from ml_assets.doctor.finding import Finding, error, warning
from ml_assets.doctor.site import Site

NEARLY_FULL = 100_000_000
LITTLE = 1_000_000_000


def disk_space(site: Site) -> Iterator[Finding]:
    """A full disk stops runs half-way."""
    places = {"workspace": site.root, "cache": site.cache_dir, "temporary files": Path(tempfile.gettempdir())}
    if site.dagster_home is not None:
        places["DAGSTER_HOME"] = site.dagster_home
    seen: set[int] = set()
    for what, path in places.items():
        disk = disk_of(path)
        if disk is None or disk.device in seen or disk.free > LITTLE:
            continue
        seen.add(disk.device)
        tell = error if disk.free < NEARLY_FULL else warning
        yield tell(
            disk.mountpoint,
            f"{disk.free / 1e6:,.0f} MB are left for {what}",
            f"free some space: `du -xh --max-depth=2 '{disk.mountpoint}' | sort -h | tail`",
        )


def openmp(site: Site) -> Iterator[Finding]:
    """Variables that make scikit-learn and its like slow on shared cores; ours are set only where unset."""
    if site.environ.get("OMP_WAIT_POLICY", "").upper() == "ACTIVE":
        yield warning(
            "OMP_WAIT_POLICY",
            "it is ACTIVE: waiting threads keep their cores busy, and a fit beside other work takes five "
            "times as long",
            "`unset OMP_WAIT_POLICY`; stages then get PASSIVE",
        )
    cores, threads = os.cpu_count() or 1, site.environ.get("OMP_NUM_THREADS", "")
    if threads.isdigit() and int(threads) > cores:
        yield warning(
            "OMP_NUM_THREADS",
            f"it asks for {threads} threads on {cores} cores, which then wait for each other",
            f"`export OMP_NUM_THREADS={cores}`, or unset it",
        )
