"""The project that a command is about: found from the working directory, its `.env` read first."""

from __future__ import annotations

import click
from dotenv import load_dotenv

from ml_assets.dvc.project import DvcProject
from ml_assets.landing.settings import LandingSettings
from ml_assets.ledger.store import Ledger
from ml_assets.settings import Settings


def current_settings() -> Settings:
    """Settings of the project at or above the working directory.

    Its `.env` is read as Dagster reads it; what the environment already says wins.

    Raises:
        NotADvcProject, SettingsInvalid.
    """
    root = DvcProject.find().root
    load_dotenv(root / ".env")
    return Settings.load(root)


def current_landing() -> tuple[Settings, LandingSettings]:
    """Settings of the project, and of its landing. Raises what `current_settings` raises, ClickException."""
    settings = current_settings()
    if settings.landing is None:
        raise click.ClickException(
            "[tool.ml_assets.landing] is missing in pyproject.toml: nothing lands here."
        )
    return settings, settings.landing


def current_ledger() -> Ledger:
    """The ledger of the project at or above the working directory."""
    settings = current_settings()
    return Ledger.open(settings.ledger, root=settings.root)
