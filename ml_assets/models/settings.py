"""Settings of the model room: `[tool.ml_assets.mlflow]`."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

TRACKING_URI_VARIABLE = "MLFLOW_TRACKING_URI"
UI_URL_VARIABLE = "MLFLOW_UI_URL"


class MlflowSettings(BaseModel):
    """Where runs are tracked; MLflow's own variables win, so that secrets need not be written down.

    `tracking_uri` is a server or a database (relative SQLite paths start at the project's root); without one,
    MLflow runs on a SQLite file of the project. `ui_url` is where people see runs, when that is not the
    tracking URI itself. `model` is the output that holds the fitted model, by its path; without one, the
    outputs that end in .joblib are looked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    tracking_uri: str = "sqlite:///.ml_assets/mlflow.db"
    experiment: str = "ml_assets"
    ui_url: str | None = None
    model: str | None = None

    def resolved_uri(self, root: Path) -> str:
        """The tracking URI to use for the project at `root`; it may hold a password."""
        uri = os.environ.get(TRACKING_URI_VARIABLE) or self.tracking_uri
        path = sqlite_path(uri)
        return uri if path is None else f"sqlite:///{root.resolve() / path}"

    def kept_in(self, home: Path) -> MlflowSettings:
        """These settings for a clone of `home` that uses its store."""
        path = sqlite_path(self.tracking_uri)
        return self if path is None else self.model_copy(update={"tracking_uri": f"sqlite:///{home / path}"})

    def resolved_ui(self) -> str | None:
        return os.environ.get(UI_URL_VARIABLE) or self.ui_url


def sqlite_path(uri: str) -> Path | None:
    """The file of a SQLite URI; None for anything else."""
    scheme = "sqlite:///"
    return Path(uri.removeprefix(scheme)) if uri.startswith(scheme) else None
