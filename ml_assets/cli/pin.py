"""`ml-assets pin`: which commit production runs."""

from __future__ import annotations

import json
import sys

import click

from ml_assets.cli.project import current_ledger
from ml_assets.dvc.project import DvcProject


@click.command()
@click.argument("commit", default="HEAD")
@click.option("--show", is_flag=True, help="Print the pinned commit, and change nothing.")
@click.option("--note", help="Why, for the record.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def pin(commit: str, show: bool, note: str | None, as_json: bool) -> None:  # noqa: FBT001 - click's
    """Pin COMMIT (default: HEAD): production's runs use its code, its pipeline and its params.

    Appends a record. Runs that have begun end with the commit that they began with; a Dagster that is running
    shows the pipeline of the new one when its code location is loaded again.
    """
    from ml_assets.ledger.origin import collect
    from ml_assets.ledger.pin import find_pin, move_pin
    from ml_assets.workplace import pin_cache

    project, ledger = DvcProject.find(), current_ledger()
    cache = pin_cache(project)
    if show:
        _show(find_pin(ledger, cache=cache), as_json=as_json)
        return
    wanted = _usable(project, commit)
    record = move_pin(ledger, wanted, cache=cache, origin=lambda: collect(project.root), note=note)
    if as_json:
        click.echo(json.dumps({"commit": wanted, "record": record.number if record else None}))
    elif record is None:
        click.echo(f"{wanted[:12]} is pinned already.")
    else:
        before = f" (before: {record.before[:12]})" if record.before else ""
        click.echo(f"Pinned {wanted[:12]}{before}, record {record.number}.")
    _warn_of_edits(project, wanted)


def _usable(project: DvcProject, commit: str) -> str:
    """The full name of the commit, after its pipeline has been read in a clone of it."""
    from ml_assets.dvc.git import git_code
    from ml_assets.dvc.git_errors import CommitUnknown
    from ml_assets.dvc.pinned_clone import pinned_clone
    from ml_assets.settings import Settings

    code, found = git_code(project.root, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    if code:
        raise CommitUnknown(project.root, commit)
    root = pinned_clone(project.root, found)
    DvcProject(root).manifest()
    Settings.load(root)
    return found


def _show(commit: str | None, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"commit": commit}))
    elif commit is None:
        click.echo("Nothing is pinned yet: `ml-assets pin` pins what is committed now.", err=True)
    else:
        click.echo(commit)
    sys.exit(0 if commit else 1)


def _warn_of_edits(project: DvcProject, commit: str) -> None:
    from ml_assets.ledger.git import git_state
    from ml_assets.ledger.run_record import state_paths

    state = git_state(project.root, without=state_paths(project.manifest()))
    if state and state.commit == commit and state.dirty_sha256:
        click.echo("What is edited here and not committed is not part of the pin.", err=True)
