"""`ml-assets landing …`: what a person may have to do about the landing."""

from __future__ import annotations

import click

from ml_assets.cli.project import current_settings
from ml_assets.dvc.tracked import TrackedFolder
from ml_assets.dvc.workspace import writer
from ml_assets.landing.history import History
from ml_assets.landing.intake import open_journal
from ml_assets.landing.settle import Raw
from ml_assets.landing.settle import reconcile as take_ledgers_state
from ml_assets.ledger.store import Ledger


@click.group()
def landing() -> None:
    """What arrives in the bucket and becomes raw data."""


@landing.command()
def reconcile() -> None:
    """Make the raw folder what the ledger's newest intake says, as after a Git checkout that moved it back.

    Files that were added by hand since then are given up; DVC's cache keeps those that it has.
    """
    settings = current_settings()
    if settings.landing is None:
        raise click.ClickException(
            "[tool.ml_assets.landing] is missing in pyproject.toml: nothing lands here."
        )
    raw = Raw(TrackedFolder(settings.root, settings.landing.into), settings.remote)
    with writer(raw.private, who="ml-assets landing reconcile", on_wait=click.echo):
        journal = open_journal(settings.landing, settings.root)
        history = History.read(journal, Ledger.open(settings.ledger, root=settings.root), raw.dvc_file)
        take_ledgers_state(raw, history)
    if not history.view.raw_record:
        click.echo(f"The ledger has no intake yet; {settings.landing.into} stays as it is.")
        return
    click.echo(f"{settings.landing.into} is what record {history.view.raw_record} says.")
