"""`ml-assets why` and `ml-assets impact`: where something comes from, and what came of it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ml_assets.cli.ancestry import ancestry_json, ancestry_lines
from ml_assets.cli.downstream import impact_json, impact_lines
from ml_assets.cli.project import current_index
from ml_assets.ledger.index.impact import impact as impact_of
from ml_assets.ledger.index.resolve import IMPACT, WHY, asked, resolve
from ml_assets.ledger.index.why import why as why_of


@click.command()
@click.argument("what", metavar="WHAT[@RECORD]")
@click.option("--all", "every", is_flag=True, help="Name each landed object, and each code file again.")
@click.option("--json", "as_json", is_flag=True, help="All of it, for programs.")
def why(*, what: str, every: bool, as_json: bool) -> None:
    """Tell where WHAT comes from, up to code and landed objects.

    WHAT is an output (model, or model@12 as record 12 has it), a tracked folder or landed file, an object's
    address, an md5 or SHA-256, or any file on this disk, which is looked for by its content.
    """
    index, root = current_index()
    with index.reading() as connection:
        question = asked(what, root=root, here=Path.cwd())
        found = why_of(connection, resolve(connection, question, WHY))
    if as_json:
        click.echo(json.dumps(ancestry_json(found)))
    else:
        click.echo("\n".join(ancestry_lines(found, every=every)))


@click.command()
@click.argument("what", metavar="WHAT[@RECORD]")
@click.option("--all", "every", is_flag=True, help="Name each stage run, not only the newest.")
@click.option("--json", "as_json", is_flag=True, help="All of it, for programs.")
def impact(*, what: str, every: bool, as_json: bool) -> None:
    """Tell what came of WHAT: records, stage runs and versions of outputs, newest first.

    WHAT is an object's address (s3://bucket/key), a landed file, a code file, a commit, an output or a hash.
    With @RECORD only the generation that was in raw then counts.
    """
    index, root = current_index()
    with index.reading() as connection:
        question = asked(what, root=root, here=Path.cwd())
        found = impact_of(connection, resolve(connection, question, IMPACT))
    if as_json:
        click.echo(json.dumps(impact_json(found)))
    else:
        click.echo("\n".join(impact_lines(found, every=every)))
