"""How Dagster is called on this machine, by somebody who types what we print."""

from __future__ import annotations

import shutil
import sys
from importlib import import_module
from pathlib import Path

from ml_assets.scaffold.errors import DagsterMissing


def dagster_command() -> str:
    """`dagster`, or its whole path where that word would start another environment's, or none.

    Raises:
        DagsterMissing: it does not load here.
    """
    for module in ("dagster", "dagster_webserver"):
        _require(module)
    ours = Path(sys.executable).with_name("dagster")
    found = shutil.which("dagster")
    return "dagster" if found and Path(found).samefile(ours) else str(ours)


def _require(module: str) -> None:
    try:
        import_module(module)
    except ImportError as error:
        raise DagsterMissing(sys.executable, str(error)) from error
