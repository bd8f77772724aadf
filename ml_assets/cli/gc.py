"""`ml-assets gc`: deletes on the remote what no kept record names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ml_assets.cli.project import current_settings

if TYPE_CHECKING:
    from ml_assets.ledger.audit.plan import Plan

HOUR = 3600.0


@click.command()
@click.option("--keep", multiple=True, required=True, help="last=N runs, days=D, or all; several add up.")
@click.option("--yes", is_flag=True, help="Delete; without it, what would go is shown.")
@click.option("--grace", type=float, default=24.0, show_default=True, help="Hours that what is new stays.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def gc(keep: tuple[str, ...], *, yes: bool, grace: float, as_json: bool) -> None:
    """Delete what neither a kept record nor Git names, on the DVC remote.

    The newest run, the newest intake, branches, tags, experiments and the workspace keep what they name in
    any case. Records stay: of those whose data goes, one more record says so.
    """
    from ml_assets.ledger.audit.collect import opened
    from ml_assets.ledger.audit.plan import Keep
    from ml_assets.ledger.store import Ledger

    settings = current_settings()
    ledger = Ledger.open(settings.ledger, root=settings.root)
    wanted = [Keep.parse(each) for each in keep]
    with opened(
        ledger, root=settings.root, remote=settings.remote, keep=wanted, grace_seconds=grace * HOUR
    ) as collection:
        if not yes:
            _show(collection.look(), as_json=as_json)
            return
        record, gone = collection.collect()
    if as_json:
        click.echo(json.dumps({"record": record.number if record else None, "deleted": gone}))
    elif record is None:
        click.echo("Nothing to delete.")
    else:
        click.echo(
            f"Deleted {gone} objects, {_size(record.size)}; record {record.number} says which runs lost."
        )


def _show(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        shown = {
            "given_up": plan.given_up,
            "objects": len(plan.doomed),
            "size": plan.size,
            "young": plan.young,
        }
        click.echo(json.dumps(shown))
        return
    ranges = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in plan.given_up)
    click.echo(f"{len(plan.doomed)} objects would go, {_size(plan.size)}.")
    if ranges:
        click.echo(f"What these records name would be lost, in whole or in part: {ranges}.")
    if plan.young:
        click.echo(f"{plan.young} more are named by nothing, and too young to go.")
    if plan.doomed:
        click.echo("Nothing was deleted: say --yes to do it.")


def _size(size: int) -> str:
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004 - the step from a unit to the next
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
