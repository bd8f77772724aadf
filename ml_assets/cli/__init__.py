"""`ml-assets …`: one module a group of verbs, loaded when it is called; errors as one message."""

from __future__ import annotations

import atexit
import errno
import os
import sys
from importlib import import_module
from pathlib import Path

import click

from ml_assets.cli.hint import told
from ml_assets.errors import ForeseenError

# Loading all of them costs more than `ml-assets repro` where nothing changed.
COMMANDS = {
    "demo": "ml_assets.cli.demo",
    "deps": "ml_assets.cli.deps",
    "diff": "ml_assets.cli.ledger",
    "doctor": "ml_assets.cli.doctor",
    "exp": "ml_assets.cli.exp",
    "export": "ml_assets.cli.export",
    "gc": "ml_assets.cli.gc",
    "impact": "ml_assets.cli.lineage",
    "init": "ml_assets.cli.init",
    "landing": "ml_assets.cli.landing",
    "log": "ml_assets.cli.ledger",
    "new": "ml_assets.cli.new",
    "pin": "ml_assets.cli.pin",
    "repro": "ml_assets.cli.repro",
    "reproduce": "ml_assets.cli.reproduce",
    "show": "ml_assets.cli.ledger",
    "tick": "ml_assets.cli.tick",
    "verify": "ml_assets.cli.verify",
    "verify-statement": "ml_assets.cli.export",
    "why": "ml_assets.cli.lineage",
}


class LazyCommands(click.Group):
    """A group whose commands are in modules of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name.replace("-", "_"))
        return command


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ml_assets")
def cli() -> None:
    """Your dvc.yaml as an event-driven Dagster asset graph."""


def run() -> None:
    """The command line: failures that we foresee are told in words, without a traceback.

    Raises:
        SystemExit: at the end, with the exit code.
    """
    try:
        cli()
    except ForeseenError as error:
        click.echo(told(error), err=True)
        sys.exit(1)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        click.echo(f"Error: the disk of '{error.filename or Path.cwd()}' is full; free some space.", err=True)
        sys.exit(1)


def main() -> None:
    """The console script: `run`, and an end that does not take all modules apart.

    Python's own takes as long as a look at an unchanged pipeline does.
    """
    try:
        run()
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            raise  # a message, which Python prints
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code or 0)
