"""`ml-assets new`: a small fresh project."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from ml_assets.scaffold.dagster_command import dagster_command
from ml_assets.scaffold.fresh import MESSAGE, FreshProject, make_project
from ml_assets.scaffold.workspace import DEFINITIONS


@click.command()
@click.argument("name")
def new(*, name: str) -> None:
    """Make the project NAME in a new folder here: five stages on a small data set, tests, CI, Git and DVC."""
    dagster = dagster_command()
    project = make_project(Path.cwd(), name)
    click.echo(f"Made {project.root}.")
    if project.uncommitted is not None:
        _tell_uncommitted(project)
    click.echo(
        f"Now run:\n  cd {shlex.quote(name)}\n  pytest\n  dvc repro\n  {dagster} dev\n"
        f"  {dagster} asset materialize --select '*' -f {DEFINITIONS}.py"
    )


def _tell_uncommitted(project: FreshProject) -> None:
    click.echo(
        f"Its files are staged, not committed, since git said: {project.uncommitted}\n"
        f"When that is mended: git -C {shlex.quote(project.root.name)} commit -m {shlex.quote(MESSAGE)}",
        err=True,
    )
