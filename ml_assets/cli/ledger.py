"""`ml-assets log`, `show` and `diff`: the ledger, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from ml_assets.cli.difference import difference_lines
from ml_assets.cli.project import current_index, current_ledger
from ml_assets.ledger.errors import RecordMissing
from ml_assets.ledger.index.compare import compare
from ml_assets.ledger.index.listing import newest
from ml_assets.ledger.record import KINDS, AnyRecord
from ml_assets.ledger.store import Ledger


class RecordNumber(click.ParamType[int | None]):
    """A number, or `latest`."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        if value == "latest":
            return None
        if not str(value).isdigit() or int(value) < 1:
            self.fail(f"{value!r} is neither the number of a record nor `latest`.", param, ctx)
        return int(value)


@click.command()
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="0: all of them.")
@click.option("--kind", type=click.Choice(sorted(KINDS)), help="Only records of this kind.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each record, with all it holds.")
def log(*, limit: int, kind: str | None, as_json: bool) -> None:
    """List the newest records of the ledger, the newest last."""
    ledger = current_ledger()
    index, _ = current_index()
    with index.reading() as connection:
        found = newest(connection, limit=limit, kind=kind)
    for line in found:
        if as_json:
            click.echo(json.dumps(_plain(ledger.get(line.number))))
        else:
            time = line.time[:19].replace("T", " ")
            click.echo(f"{line.number:>6}  {time}  {line.kind:<7} {line.summary}")
    if not found:
        what = f" of kind {kind}" if kind else ""
        click.echo(f"No records{what} yet in {ledger.url}; a run or a landing appends the first.", err=True)


@click.command()
@click.argument("number", type=RecordNumber(), metavar="NUMBER|latest")
def show(number: int | None) -> None:
    """Print record NUMBER, or the latest one, as JSON."""
    click.echo(json.dumps(_plain(_record(current_ledger(), number)), indent=2))


@click.command()
@click.argument("before", type=RecordNumber(), metavar="A")
@click.argument("after", type=RecordNumber(), metavar="B", default="latest")
@click.option("--all", "every", is_flag=True, help="Name each landed object and package.")
@click.option("--json", "as_json", is_flag=True, help="All of it, for programs.")
def diff(*, before: int | None, after: int | None, every: bool, as_json: bool) -> None:
    """Tell what is different in record B (default: the latest) from record A.

    Data, params, code, environment, metrics and outputs. Of an intake the newest run before it counts.
    """
    ledger = current_ledger()
    index, _ = current_index()
    with index.reading() as connection:
        found = compare(connection, ledger, _record(ledger, before), _record(ledger, after))
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        click.echo("\n".join(difference_lines(found, every=every)))


def _record(ledger: Ledger, number: int | None) -> AnyRecord:
    if number is not None:
        return ledger.get(number)
    head = ledger.head()
    if head is None:
        raise RecordMissing(number=1, where=ledger.where(1))
    return head


def _plain(record: AnyRecord) -> dict[str, Any]:
    return {**record.model_dump(mode="json"), "digest": record.digest}
