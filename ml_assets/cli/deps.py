"""`ml-assets deps`: which code do stages reach that their `deps` do not name, and adding it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from ml_assets.dvc.deps_file import StageDeps, inspect_deps, write_deps
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.workspace import writer


@click.command()
@click.argument("stages", nargs=-1)
@click.option("--write", is_flag=True, help="Add what is missing to dvc.yaml; all other bytes of it stay.")
@click.option("--check", is_flag=True, help="Exit with 1 when something is missing.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list, one object a stage.")
def deps(*, stages: tuple[str, ...], write: bool, check: bool, as_json: bool) -> None:
    """Compare the deps of STAGES (all by default) with the code that their commands reach.

    DVC looks at the files in `deps` only: edit a module that a script imports, and the stage stays "up to
    date" unless the module is among them. Nothing is run to find out.
    """
    project = DvcProject.find()
    found = inspect_deps(project, stages)
    if write:
        with writer(project.private_dir, who="ml-assets deps --write", on_wait=_tell):
            files = write_deps(project, found)
        _tell(f"Added what was missing to {', '.join(files)}." if files else "Nothing was missing.")
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=2))
    elif not write:
        for each in found:
            if each.missing or not check:
                click.echo("\n".join(_lines(each)))
    lacking = [each.stage for each in found if each.missing]
    if check and lacking and not write:
        _tell(f"Incomplete deps: {', '.join(lacking)}. `ml-assets deps --write` adds what is missing.")
        sys.exit(1)


def _lines(found: StageDeps) -> Iterator[str]:
    count = len(found.missing)
    yield f"{found.stage}: " + (f"{count} missing in {found.file}" if count else "complete")
    yield from (f"  + {path}" for path in found.missing)
    yield from (f"  ? {path} is among its deps, and is not there" for path in found.gone)
    yield from (f"  ? {path} is among its deps, and is not reached by imports" for path in found.unreached)
    yield from (f"  ? {each.path or 'its command'}: {each.reason}" for each in found.unknown)


def _tell(text: str) -> None:
    click.echo(text, err=True)
