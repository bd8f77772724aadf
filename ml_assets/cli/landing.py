"""`ml-assets landing …`: where the landing stands, and what a person may have to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

import click

from ml_assets.cli.landing_setup import setup
from ml_assets.cli.project import current_landing
from ml_assets.landing.journal.states import STATES

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ml_assets.landing.journal.overview import Overview, Poison, Row
    from ml_assets.landing.journal.store import Journal

SHOWN = 200
"""Characters of a message's body."""

_as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")
_prefix = click.argument("prefix")


@click.group()
def landing() -> None:
    """What arrives in the bucket and becomes raw data."""


landing.add_command(setup)


@landing.command()
@_as_json
def status(*, as_json: bool) -> None:
    """Say how many objects are in which state, which batches are open, and how far the listing has come."""
    from ml_assets.landing.journal.overview import overview

    journal = _journal()
    with journal.reading() as connection:
        found = overview(connection)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2, default=str))
        return
    click.echo("\n".join(_status_lines(journal, found)))


@landing.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only objects in this state.")
@click.argument("prefix", default="")
@_as_json
def list_(state: str | None, prefix: str, *, as_json: bool) -> None:
    """List the objects whose keys begin with PREFIX, with what became of each."""
    from ml_assets.landing.journal.overview import rows

    with _journal().reading() as connection:
        for row in rows(connection, state=state, prefix=prefix):
            click.echo(json.dumps(asdict(row), default=str) if as_json else _line(row))


@landing.command()
@_prefix
def retry(prefix: str) -> None:
    """Try objects again that were refused, or are held after too many attempts."""
    from ml_assets.landing.journal.interventions import retry as do

    _intervene(lambda connection: do(connection, prefix), prefix, "will be tried again")


@landing.command()
@_prefix
def release(prefix: str) -> None:
    """Take objects in as they are, without waiting for what belongs to them."""
    from ml_assets.landing.journal.interventions import release as do

    _intervene(lambda connection: do(connection, prefix), prefix, "wait no longer")


@landing.command()
@click.argument("prefix", default="")
@click.option("--since", type=click.DateTime(), help="Those that had landed then or later, in UTC.")
@click.option("--manifest", type=click.File(), help="Those of this list, one a line; - reads from a pipe.")
def replay(prefix: str, since: datetime | None, manifest: TextIO | None) -> None:
    """Take objects in once more that are in raw already, or that a list names."""
    from ml_assets.landing.journal.interventions import replay as do

    if (since is None) == (manifest is None):
        raise click.UsageError("Give either --since or --manifest.")
    if manifest:
        _replay_manifest(manifest)
    if since:
        at = since.replace(tzinfo=UTC)
        _intervene(lambda connection: do(connection, prefix, since=at), prefix, "will be taken in once more")


def _replay_manifest(manifest: TextIO) -> None:
    from ml_assets.landing.discovery import Discovery
    from ml_assets.landing.journal.interventions import replay_keys
    from ml_assets.landing.manifest import keys_of
    from ml_assets.landing.s3_settings import LandingS3

    _, found = current_landing()
    keys = keys_of(manifest, bucket=found.bucket, prefix=found.prefix)
    journal = _journal()
    s3 = LandingS3(region=found.region, endpoint_url=found.endpoint_url).client()
    with _held(journal):
        Discovery(client=s3, settings=found, journal=journal).ask(keys)
        with journal.writing() as connection:
            there = replay_keys(connection, keys)
    click.echo(f"{len(there)} object(s) will be taken in, from the next tick on.")
    if missing := [key for key in keys if key not in there]:
        raise click.ClickException(
            f"{len(missing)} of the manifest are not in the bucket, such as {missing[0]}."
        )


@landing.command()
@_as_json
@click.option("--clear", is_flag=True, help="Forget them once they are shown.")
def messages(*, as_json: bool, clear: bool) -> None:
    """Show the messages of the queue that nobody understood, which the journal keeps with the reason."""
    from ml_assets.landing.journal.interventions import forget_poison
    from ml_assets.landing.journal.overview import poisonous

    journal = _journal()
    with journal.reading() as connection:
        found = poisonous(connection)
    for each in found:
        click.echo(json.dumps(asdict(each), default=str) if as_json else _message_line(each))
    if clear:
        with _held(journal), journal.writing() as connection:
            forget_poison(connection, [each.id for each in found])


@landing.command()
@_prefix
def ignore(prefix: str) -> None:
    """Leave objects out, until something new is put under their keys."""
    from ml_assets.landing.journal.interventions import ignore as do

    _intervene(lambda connection: do(connection, prefix), prefix, "are left out")


@landing.command()
def reconcile() -> None:
    """Make the raw folder what the ledger's newest intake says, as after a Git checkout that moved it back.

    Files that were added by hand since then are given up; DVC's cache keeps those that it has.
    """
    from ml_assets.dvc.tracked import TrackedFolder
    from ml_assets.dvc.workspace import writer
    from ml_assets.landing.history import History
    from ml_assets.landing.settle import Raw
    from ml_assets.landing.settle import reconcile as take_ledgers_state

    place, landing_settings = current_landing()
    tracked = TrackedFolder(place.project.root, landing_settings.into)
    raw = Raw(tracked, place.settings.remote, place.settings.state_root)
    with writer(raw.private, who="ml-assets landing reconcile", on_wait=click.echo):
        history = History.read(_journal(), place.ledger, raw.dvc_file)
        take_ledgers_state(raw, history)
    if not history.view.raw_record:
        click.echo(f"The ledger has no intake yet; {landing_settings.into} stays as it is.")
        return
    click.echo(f"{landing_settings.into} is what record {history.view.raw_record} says.")


def _journal() -> Journal:
    from ml_assets.landing.intake import open_journal

    place, landing_settings = current_landing()
    return open_journal(landing_settings, place.project.root)


def _held(journal: Journal) -> AbstractContextManager[None]:
    from ml_assets.landing.journal.lease import lease

    return lease(journal, who="ml-assets landing", on_wait=lambda line: click.echo(line, err=True))


def _intervene(change: Callable[[Connection], int], prefix: str, what: str) -> None:
    journal = _journal()
    with _held(journal), journal.writing() as connection:
        count = change(connection)
    if not count:
        raise click.ClickException(
            f"No object whose key begins with '{prefix}' is in a state for that.\n"
            "`ml-assets landing list` shows keys and states."
        )
    click.echo(f"{count} object(s) {what}, from the next tick on.")


def _status_lines(journal: Journal, found: Overview) -> list[str]:
    listed = found.newest_pass
    lines = [f"{journal.zone.url} (journal: {journal.place}; ledger counted in up to {found.up_to})"]
    lines += [f"  {state:<12}{count:>10,}" for state, count in sorted(found.keys.items())]
    lines += [
        f"  batch {each.id}: {each.files} object(s), {each.bytes:,} bytes, sealed {_when(each.sealed_at)}"
        for each in found.batches
    ]
    if found.oldest:
        lines.append(f"  the oldest object in no batch landed {_when(found.oldest)}")
    if found.poison:
        lines.append(f"  {found.poison} message(s) that nobody understands: `ml-assets landing messages`")
    if listed.ended or listed.listed:
        state = f"ended {_when(listed.ended)}" if listed.ended else "is under way"
        lines.append(f"  the newest listing pass {state}: {listed.listed:,} listed, {listed.new:,} new")
    else:
        lines.append("  nothing was listed yet: start the sensor 'landing', or run `ml-assets tick`")
    return lines


def _line(row: Row) -> str:
    reason = f"  {row.reason}" if row.reason else ""
    record = f"record {row.record}" if row.record else ""
    return f"{row.state:<12}{row.size:>12,}  {_when(row.landed)}  {record:<12}{row.key}{reason}"


def _message_line(message: Poison) -> str:
    body = message.body if len(message.body) <= SHOWN else f"{message.body[:SHOWN]}… (--json shows all)"
    return f"{_when(message.received)}  {message.id}\n  {message.reason}\n  {body}"


def _when(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}" if time else ""
