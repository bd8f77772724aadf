"""`ml-assets repro`: what `dvc repro` does, with independent stages side by side."""

from __future__ import annotations

import os
import sys
from contextlib import closing

import click
from rich.console import Console

from ml_assets.cli.progress import show_progress
from ml_assets.dvc.errors import DvcBridgeError, NoStages, NotADvcProject
from ml_assets.dvc.events import OnFailure, Redo
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets.dvc.targets import Direction, select_stages
from ml_assets.dvc.workspace import writer

# Those of `dvc` itself, so that scripts may exchange the two.
EXIT_FAILED = 255
EXIT_NO_PROJECT = 253
EXIT_INTERRUPTED = 252


@click.command()
@click.argument("targets", nargs=-1)
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="Stages at once (cores)."
)
@click.option("--downstream", is_flag=True, help="The targets and what depends on them, not what they need.")
@click.option("-f", "--force", is_flag=True, help="Run stages even where nothing changed.")
@click.option("-k", "--keep-going", is_flag=True, help="Finish what does not depend on a failed stage.")
@click.option("--dry", is_flag=True, help="Name the stages in their order, and run none.")
def repro(
    *, targets: tuple[str, ...], jobs: int, downstream: bool, force: bool, keep_going: bool, dry: bool
) -> None:
    """Bring TARGETS (stages; all by default) up to date.

    Leaves the same dvc.lock as `dvc repro`, and exits as it does.
    """
    direction = Direction.DOWNSTREAM if downstream else Direction.UPSTREAM
    try:
        project = DvcProject.find().pinned()
        names = select_stages(project.manifest(), targets, direction)
        if not names:
            raise NoStages(project.root)
        if dry:
            click.echo("\n".join(names))
            return
        with writer(project.private_dir, who="ml-assets repro", on_wait=_tell):
            events = run_stages(
                project,
                names,
                jobs=jobs,
                redo=Redo.ALL if force else Redo.CHANGED,
                on_failure=OnFailure.KEEP_GOING if keep_going else OnFailure.STOP,
            )
            with closing(events):
                show_progress(events, Console(stderr=True))
    except DvcBridgeError as error:
        _tell("\n".join([f"Error: {error}", *getattr(error, "__notes__", ())]))
        sys.exit(EXIT_NO_PROJECT if isinstance(error, NotADvcProject) else EXIT_FAILED)
    except KeyboardInterrupt:
        _tell("Stopped; run it again to finish.")
        sys.exit(EXIT_INTERRUPTED)


def _tell(text: str) -> None:
    click.echo(text, err=True)
