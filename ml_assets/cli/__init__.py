"""`ml-assets …`: one module a group of verbs; errors as one message and exit code 1."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import click

from ml_assets.cli.demo import demo
from ml_assets.cli.deps import deps
from ml_assets.cli.doctor import doctor
from ml_assets.cli.hint import told
from ml_assets.cli.init import init
from ml_assets.cli.landing import landing
from ml_assets.cli.ledger import log, show
from ml_assets.cli.new import new
from ml_assets.cli.repro import repro
from ml_assets.demo.errors import DemoError
from ml_assets.dvc.errors import DvcBridgeError
from ml_assets.landing.errors import LandingError
from ml_assets.ledger.errors import LedgerError
from ml_assets.models.errors import TrackingError
from ml_assets.scaffold.errors import ScaffoldError
from ml_assets.settings import SettingsInvalid

EXPECTED = (
    DvcBridgeError,
    LedgerError,
    LandingError,
    DemoError,
    TrackingError,
    ScaffoldError,
    SettingsInvalid,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ml_assets")
def cli() -> None:
    """Your dvc.yaml as an event-driven Dagster asset graph."""


for command in (demo, deps, doctor, init, landing, log, new, repro, show):
    cli.add_command(command)


def main() -> None:
    """The console script: failures that we foresee are told in words, without a traceback."""
    try:
        cli()
    except EXPECTED as error:
        click.echo(told(error), err=True)
        sys.exit(1)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        click.echo(f"Error: the disk of '{error.filename or Path.cwd()}' is full; free some space.", err=True)
        sys.exit(1)
