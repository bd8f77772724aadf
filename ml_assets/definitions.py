"""The code location of this project: everything that its dvc.yaml and its settings say."""

from ml_assets.assets import DvcProject
from ml_assets.code_location import build_definitions

defs = build_definitions(DvcProject.find())
