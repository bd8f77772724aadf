"""`ml-assets init`: a DVC repository becomes a Dagster code location."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from ml_assets.cli.repro import EXIT_NO_PROJECT
from ml_assets.dvc.errors import NotADvcProject
from ml_assets.dvc.project import DvcProject
from ml_assets.scaffold.adoption import Adoption, plan_adoption
from ml_assets.scaffold.change import make
from ml_assets.scaffold.dagster_command import dagster_command
from ml_assets.scaffold.workspace import DEFINITIONS
from ml_assets.settings import Settings


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would be written as a diff, and write nothing.")
@click.option("--remote", metavar="NAME", help="The DVC remote that runs push to; without it, none.")
def init(*, dry_run: bool, remote: str | None) -> None:
    """Make the DVC repository here a Dagster code location.

    Adds workspace.yaml, ml_assets_definitions.py and a table [tool.ml_assets], and changes nothing else.
    What is there already is left alone.
    """
    dagster = dagster_command()
    try:
        project = DvcProject.find()
    except NotADvcProject as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(EXIT_NO_PROJECT)
    Settings.load(project.root)  # those that are there already must be right
    adoption = plan_adoption(project, remote=remote)
    if dry_run:
        _show(adoption)
        return
    make(adoption.changes)
    click.echo("\n".join([*_done(adoption), *_notes(adoption), *_next(adoption, dagster)]))


def _show(adoption: Adoption) -> None:
    click.echo("".join(change.diff(adoption.root) for change in adoption.changes), nl=False)
    click.echo("Nothing was written." if adoption.changes else _done(adoption)[0], err=True)


def _done(adoption: Adoption) -> list[str]:
    if not adoption.changes:
        return [f"{adoption.root} is a Dagster code location already; nothing was changed."]
    names = {change: os.path.relpath(change.path, adoption.root) for change in adoption.changes}
    width = max(len(name) for name in names.values())
    return [
        f"Wrote in {adoption.root}:",
        *(f"  {name:<{width}}  {each.purpose}" for each, name in names.items()),
    ]


def _notes(adoption: Adoption) -> Iterator[str]:
    stages, sources = len(adoption.manifest.stages), len(adoption.manifest.sources)
    yield f"Assets: {stages} from stages, {sources} from tracked paths."
    if not stages:
        yield "There is no stage yet: add one (`dvc stage add`), and reload the code location in Dagster."
    if Settings.load(adoption.root).remote == "":
        yield "Runs push nothing: to change that, name a DVC remote in the settings, and `dvc push` once."
    if adoption.needs_workspace_option:
        yield (
            "pyproject.toml has [tool.dagster] or [tool.dg]: a bare `dagster dev` loads what these name, and "
            "nothing else; workspace.yaml names both."
        )


def _next(adoption: Adoption, dagster: str) -> Iterator[str]:
    yield "Now run:"
    if Path.cwd() != adoption.root:
        yield f"  cd {shlex.quote(os.path.relpath(adoption.root))}"
    yield f"  {dagster} dev{' -w workspace.yaml' if adoption.needs_workspace_option else ''}"
    if adoption.manifest.stages:
        yield f"  {dagster} asset materialize --select '*' -f {DEFINITIONS}.py"
