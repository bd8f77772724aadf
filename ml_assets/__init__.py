"""A dvc.yaml, unchanged, as an orchestrated, event-driven Dagster asset graph."""

from importlib import import_module
from typing import Any

# Stage scripts import this package too, and must not load Dagster for it: each name is loaded when asked for.
_HOMES = {
    "DvcProject": "ml_assets.dvc.project",
    "DvcProjectComponent": "ml_assets.component",
    "DvcResource": "ml_assets.assets",
    "DvcRunConfig": "ml_assets.assets",
    "DvcTranslator": "ml_assets.assets",
    "DvcTranslatorData": "ml_assets.assets",
    "build_definitions": "ml_assets.code_location",
    "dvc_assets": "ml_assets.assets",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
