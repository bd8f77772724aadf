"""`ml-assets export`: a record in the formats of other tools."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ml_assets.cli.project import current_settings

if TYPE_CHECKING:
    from ml_assets.ledger.exports.subject import Subject
    from ml_assets.ledger.record import OutputRecord, RunRecord
    from ml_assets.ledger.store import Ledger

FORMATS = ("openlineage", "in-toto", "model-card", "cyclonedx")
SIGNING_KEY = "ML_ASSETS_SIGNING_KEY"


@click.command()
@click.argument("run")
@click.option("--format", "form", type=click.Choice(FORMATS), required=True)
@click.option("--path", "paths", multiple=True, help="An output that it is about; default: the models.")
@click.option("--output", type=click.Path(path_type=Path), help="A file instead of the terminal.")
@click.option("--http", "url", help="Send OpenLineage events to a server, such as http://localhost:5000.")
def export(run: str, *, form: str, paths: tuple[str, ...], output: Path | None, url: str | None) -> None:
    """Write RUN (a record's number, `latest`, an output's hash) in a standard format.

    An in-toto statement is signed with the Ed25519 key whose file ML_ASSETS_SIGNING_KEY names; without one it
    says that it is unsigned. What the record cannot vouch for is in each of the formats.
    """
    from ml_assets.ledger.find import find_run
    from ml_assets.ledger.store import Ledger

    if url is not None and form != "openlineage":
        raise click.UsageError("--http sends OpenLineage events: say --format openlineage.")
    settings = current_settings()
    ledger = Ledger.open(settings.ledger, root=settings.root)
    subject = _subject(find_run(ledger, run), ledger, settings.root)
    if form == "openlineage":
        _lineage(subject, output, url)
        return
    chosen = _chosen(subject, paths)
    texts = {"in-toto": _in_toto, "model-card": _card, "cyclonedx": _bom}
    _put(texts[form](subject, chosen), output)


@click.command("verify-statement")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path), required=True, help="The public key, in PEM.")
def verify_statement(file: Path, key: Path) -> None:
    """Check the signature of an in-toto statement that `export` wrote, and print the statement."""
    from ml_assets.ledger.exports.dsse import verified

    click.echo(json.dumps(verified(file, public=key), indent=2))


def _subject(record: RunRecord, ledger: Ledger, root: Path) -> Subject:
    from ml_assets.dvc.git import git_code
    from ml_assets.dvc.remotes import without_credentials
    from ml_assets.ledger.exports.subject import Subject
    from ml_assets.ledger.layout import environment_path

    code, address = git_code(root, "remote", "get-url", "origin")
    packages = ledger.place.read(environment_path(record.environment.digest)) or b""
    return Subject(
        record,
        root.name,
        repository=None if code else without_credentials(address),
        packages=tuple(packages.decode().splitlines()),
    )


def _chosen(subject: Subject, paths: tuple[str, ...]) -> list[OutputRecord]:
    if not paths:
        if found := subject.models():
            return found
        raise click.ClickException("No output of this record looks like a model: name one with --path.")
    by_path = {out.path: out for out in subject.record.outputs}
    if missing := [path for path in paths if path not in by_path]:
        known = ", ".join(by_path)
        raise click.ClickException(
            f"Record {subject.record.number} has no output {missing[0]}; it has {known}."
        )
    return [by_path[path] for path in paths]


def _lineage(subject: Subject, output: Path | None, url: str | None) -> None:
    from ml_assets.ledger.exports.open_lineage import as_dict, events, send, write

    found = events(subject)
    if url is not None:
        send(found, url)
        click.echo(f"Sent {len(found)} events.", err=True)
    if output is not None:
        write(found, output)
    elif url is None:
        for event in found:
            click.echo(json.dumps(as_dict(event)))


def _in_toto(subject: Subject, outputs: list[OutputRecord]) -> str:
    from ml_assets.ledger.exports.dsse import envelope
    from ml_assets.ledger.exports.provenance import statement

    key = os.environ.get(SIGNING_KEY)
    return json.dumps(envelope(statement(subject, outputs), key=Path(key) if key else None), indent=2) + "\n"


def _card(subject: Subject, outputs: list[OutputRecord]) -> str:
    from ml_assets.ledger.exports.model_card import model_card

    return "\n".join(model_card(subject, out) for out in outputs)


def _bom(subject: Subject, outputs: list[OutputRecord]) -> str:
    from ml_assets.ledger.exports.cyclonedx import ml_bom

    return json.dumps(ml_bom(subject, outputs), indent=2) + "\n"


def _put(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
