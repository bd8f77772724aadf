"""Python's cached bytecode, which an edit within one second can outlive."""

from __future__ import annotations

import time
from collections.abc import Iterable
from importlib.util import cache_from_source
from pathlib import Path

# Times of files come from a clock that stands still between two ticks of the kernel's.
CLOCK_LAG_SECONDS = 0.02


def outlast_edits(root: Path, files: Iterable[str]) -> None:
    """Wait until the second is over in which one of `files`, modules that were run just now, was edited.

    Python takes bytecode for a module's when size and time fit, and the time is in whole seconds (PEP 552).
    What was compiled of a module that is edited to the same size within this second would be run in place of
    the edited one, by us and by whoever comes later.
    """
    edited = max((_edited(root / file) for file in files), default=0)
    left = edited + 1 - time.time()
    if 0 < left <= 1:
        time.sleep(left + CLOCK_LAG_SECONDS)


def _edited(file: Path) -> int:
    """The second of the last edit; 0 where Python has kept no bytecode."""
    if file.suffix != ".py" or not Path(cache_from_source(str(file))).exists():
        return 0
    try:
        return int(file.stat().st_mtime)
    except OSError:
        return 0
