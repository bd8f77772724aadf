"""A process that brings an index up to its ledger, and can be killed on the way.

Usage: reader.py ROOT [KILL_AFTER_RECORDS]
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from ml_assets.ledger.index import catch_up
from ml_assets.ledger.store import Ledger


def killed_after(records: int, project: Callable[..., None]) -> Callable[..., None]:
    counted = count(1)

    def counting(*values: Any) -> None:
        project(*values)
        if next(counted) == records:
            os.kill(os.getpid(), signal.SIGKILL)

    return counting


if __name__ == "__main__":
    root = Path(sys.argv[1])
    catch_up.AT_ONCE = 7
    if len(sys.argv) > 2:
        catch_up.project = killed_after(int(sys.argv[2]), catch_up.project)  # type: ignore[attr-defined]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    catch_up.open_index(Ledger.open("ledger", root=root), root=root)
