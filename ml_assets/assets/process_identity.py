"""Who runs a Dagster run: host, PID and start time as its tags, which tell a dead one from a slow one."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from dagster import AssetExecutionContext

from ml_assets.assets.keys import TAG_HOST, TAG_PID, TAG_STARTED


def identify(context: AssetExecutionContext) -> None:
    """Write this process's identity onto the run."""
    import psutil

    tags = {
        TAG_HOST: socket.gethostname(),
        TAG_PID: str(os.getpid()),
        TAG_STARTED: str(psutil.Process().create_time()),
    }
    context.instance.add_run_tags(context.run_id, tags)


def is_dead(tags: Mapping[str, str]) -> bool | None:
    """Whether the process named by a run's tags is gone; None when it cannot be known from this host.

    A PID alone proves nothing, since it is used again: the start time must match too.
    """
    import psutil

    if tags.get(TAG_HOST) != socket.gethostname() or TAG_PID not in tags:
        return None
    try:
        process = psutil.Process(int(tags[TAG_PID]))
        same = str(process.create_time()) == tags[TAG_STARTED]
        return not same or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
