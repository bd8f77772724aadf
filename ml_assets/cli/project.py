"""The project that a command is about: found from the working directory, its `.env` read first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from dotenv import load_dotenv

from ml_assets.dvc.project import DvcProject
from ml_assets.landing.settings import LandingSettings
from ml_assets.ledger.store import Ledger
from ml_assets.settings import Settings
from ml_assets.workplace import Workplace, find_workplace

if TYPE_CHECKING:
    from ml_assets.ledger.index.database import Database


def current_settings() -> Settings:
    """Settings of the project at or above the working directory.

    Its `.env` is read as Dagster reads it; what the environment already says wins.

    Raises:
        NotADvcProject, SettingsInvalid.
    """
    root = DvcProject.find().root
    load_dotenv(root / ".env")
    return Settings.load(root)


def current_landing() -> tuple[Workplace, LandingSettings]:
    """Where what lands is worked on, and the settings of that.

    Raises what `find_workplace` raises, NotADvcProject and ClickException.
    """
    place = find_workplace(DvcProject.find())
    if place.settings.landing is None:
        raise click.ClickException(
            "[tool.ml_assets.landing] is missing in pyproject.toml: nothing lands here."
        )
    return place, place.settings.landing


def current_ledger() -> Ledger:
    """The ledger of the project at or above the working directory."""
    settings = current_settings()
    return Ledger.open(settings.ledger, root=settings.root)


def current_index() -> tuple[Database, Path]:
    """The index of the project's ledger with all that was appended, and the project's root.

    Raises what reading the ledger raises.
    """
    # It loads the models of records, which most verbs have no use for.
    from ml_assets.ledger.index.catch_up import open_index

    settings = current_settings()
    ledger = Ledger.open(settings.ledger, root=settings.root)
    index = open_index(ledger, root=settings.root, tell=lambda said: click.echo(said, err=True))
    return index, settings.root
