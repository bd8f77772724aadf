"""dvc.yaml → Dagster: the translator, the specs, the decorator, the resource."""

import ml_assets.assets.collector  # noqa: F401 - for what it does, before all others of ours
from ml_assets.assets.asset_decorator import dvc_assets
from ml_assets.assets.resource import DvcResource
from ml_assets.assets.run_config import DvcRunConfig
from ml_assets.assets.sources import build_source_assets
from ml_assets.assets.specs import build_dvc_asset_specs, source_spec
from ml_assets.assets.translator import DvcTranslator, DvcTranslatorData
from ml_assets.dvc.project import DvcProject

__all__ = [
    "DvcProject",
    "DvcResource",
    "DvcRunConfig",
    "DvcTranslator",
    "DvcTranslatorData",
    "build_dvc_asset_specs",
    "build_source_assets",
    "dvc_assets",
    "source_spec",
]
