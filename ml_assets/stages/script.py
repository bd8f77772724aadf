"""Runs a stage as a script: lines appear as they are printed, foreseen errors without a traceback."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from ml_assets.stages.errors import StageError

if TYPE_CHECKING:
    from collections.abc import Callable


def run(stage: Callable[[], None]) -> None:
    """Run the stage; exit with 1 and the message when its inputs are not what it needs."""
    # Whoever runs the stage reads its output through a pipe, where Python would hold lines back.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    try:
        stage()
    except StageError as error:
        sys.exit(f"{type(error).__name__}: {error}")
