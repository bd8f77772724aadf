"""`ml-assets verify`: whether the ledger and all that it names are what they were."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ml_assets.cli.project import current_settings

if TYPE_CHECKING:
    from ml_assets.ledger.audit.findings import Audit

DAMAGED = 1
UNVERIFIED = 2


@click.command()
@click.option("--deep", is_flag=True, help="Read every object whole, and compare its bytes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(*, deep: bool, as_json: bool) -> None:
    """Compare all records with their digests, and look for all objects that they name on the remote.

    Exit codes: 0 all is intact; 1 something is damaged or missing, and named; 2 it could not be verified.
    """
    from ml_assets.errors import ForeseenError
    from ml_assets.ledger.audit.verify import verify as look
    from ml_assets.ledger.store import Ledger

    settings = current_settings()
    ledger = Ledger.open(settings.ledger, root=settings.root)
    try:
        audit = look(ledger, root=settings.root, remote=settings.remote, deep=deep, progress=_progress)
    except ForeseenError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(UNVERIFIED)
    click.echo(json.dumps({**asdict(audit), "intact": audit.intact}, indent=2) if as_json else _told(audit))
    sys.exit(0 if audit.intact else DAMAGED)


def _progress(what: str, count: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{what}: {count} ", err=True, nl=False)


def _told(audit: Audit) -> str:
    how = "read whole" if audit.deep else "looked for"
    looked = f"{audit.records} records, {audit.objects} objects {how}"
    if not audit.records and audit.intact:
        return "The ledger has no records yet."
    if audit.intact:
        return f"Intact: {looked}. The newest record is proven by nothing after it: {audit.unproven}"
    return "\n".join([f"{len(audit.findings)} found damaged: {looked}.", *map(str, audit.findings)])
