"""What may be chosen for a single run of stages, in Dagster's launchpad or by `--config-json`."""

from __future__ import annotations

from dagster import Config
from pydantic import Field

from ml_assets.dvc.events import Redo


class DvcRunConfig(Config):
    """Config of an op made by `@dvc_assets`, where its function asks for it.

    From the command line: `--config-json '{"ops": {"pipeline": {"config": {"redo": "ALL"}}}}'`.
    """

    redo: Redo = Field(
        default=Redo.CHANGED, description="ALL runs stages even where nothing changed, like `dvc repro -f`."
    )
