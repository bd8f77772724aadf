"""`ml-assets repro`: what `dvc repro` does, with independent stages side by side."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import click
from rich.console import Console

from ml_assets.cli.hint import told
from ml_assets.cli.progress import show_progress
from ml_assets.dvc.errors import NoRemote, NoStages, NotADvcProject
from ml_assets.dvc.events import OnFailure, Redo, Start
from ml_assets.dvc.fetching import Fetching
from ml_assets.dvc.preload import preloads
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.remotes import remote_url
from ml_assets.dvc.run_cache import pull_missing_sources, push_results
from ml_assets.dvc.runner import run_stages
from ml_assets.dvc.targets import Direction, select_stages
from ml_assets.dvc.workspace import writer
from ml_assets.errors import ForeseenError

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
@click.option(
    "--pull", is_flag=True, help="Take what other machines made, and missing data, from the remote."
)
@click.option("--push", is_flag=True, help="Afterwards give the remote all that other machines need.")
@click.option("--cold", is_flag=True, help="Preload no libraries (default: `warm` of the settings).")
@click.option("--dry", is_flag=True, help="Name the stages in their order, and run none.")
def repro(*, targets: tuple[str, ...], downstream: bool, dry: bool, **options: Any) -> None:
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
            _run(project, names, **options)
    except ForeseenError as error:
        _tell(told(error))
        sys.exit(EXIT_NO_PROJECT if isinstance(error, NotADvcProject) else EXIT_FAILED)
    except KeyboardInterrupt:
        _tell("Stopped; run it again to finish.")
        sys.exit(EXIT_INTERRUPTED)


def _run(
    project: DvcProject,
    names: Sequence[str],
    *,
    jobs: int,
    force: bool,
    keep_going: bool,
    pull: bool,
    push: bool,
    cold: bool,
) -> None:
    remote = _remote() if pull or push else None
    if pull:
        pull_missing_sources(project.root, project.manifest(), names, remote=remote)
    events = run_stages(
        project,
        names,
        jobs=jobs,
        redo=Redo.ALL if force else Redo.CHANGED,
        on_failure=OnFailure.KEEP_GOING if keep_going else OnFailure.STOP,
        fetching=Fetching(remote) if pull else None,
        start=_start(project, names, cold=cold),
    )
    with closing(events):
        show_progress(events, Console(stderr=True))
    if push:
        _tell(f"Pushed {push_results(project, names, remote=remote)} objects.")


def _start(project: DvcProject, names: Sequence[str], *, cold: bool) -> Start:
    if cold or not preloads(project.manifest(), names):
        return Start.COLD
    # Reading the settings costs as much as a run in which nothing changed.
    from ml_assets.settings import Settings

    return Start.WARM if Settings.load(project.root).warm else Start.COLD


def _remote() -> str | None:
    """The name of the remote that the settings say; None for DVC's default one.

    Raises:
        NoRemote, RemoteUnknown.
    """
    from ml_assets.cli.project import current_settings

    settings = current_settings()
    if remote_url(settings.root, settings.remote) is None:
        raise NoRemote(settings.root)
    return settings.remote


def _tell(text: str) -> None:
    click.echo(text, err=True)
