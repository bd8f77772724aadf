"""`ml-assets reproduce`: a recorded run again, in an empty folder, from Git and the remote alone."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ml_assets.cli.project import current_settings

if TYPE_CHECKING:
    from collections.abc import Iterator as Events

    from ml_assets.dvc.events import Event
    from ml_assets.ledger.record import RunRecord
    from ml_assets.ledger.reproduce.rebuild import Rebuild
    from ml_assets.ledger.reproduce.verdict import Judgement
    from ml_assets.ledger.store import Ledger
    from ml_assets.settings import Settings


@click.command()
@click.argument("run")
@click.option(
    "--into", type=click.Path(path_type=Path), help="An empty folder; it stays (default: one that goes)."
)
@click.option("--restore-only", is_flag=True, help="Bring code, data and outputs back, and run nothing.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="Stages at once.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def reproduce(run: str, into: Path | None, *, restore_only: bool, jobs: int, as_json: bool) -> None:
    """Run again what RUN recorded (a record's number, `latest`, an MLflow run's id, an output's hash).

    Nothing of this checkout is used but its Git objects and its DVC configuration: the code is the record's
    commit and patch, inputs come from the remote, no cache helps. Exit codes: 0 outputs are byte-identical,
    or at least the metrics are; 1 they differ, or something is missing.
    """
    from ml_assets.ledger.store import Ledger

    settings = current_settings()
    ledger = Ledger.open(settings.ledger, root=settings.root)
    record = _find(ledger, settings, run)
    if restore_only and into is None:
        raise click.UsageError("--restore-only needs --into: a folder to restore in.")
    with _folder(settings, into) as folder:
        rebuild = _start(record, settings, folder)
        if restore_only:
            rebuild.restore()
            click.echo(f"{rebuild.project.root} is as record {record.number} left it.", err=as_json)
            return
        judgement = _judge(record, rebuild, jobs)
    click.echo(json.dumps(_plain(judgement), indent=2) if as_json else _in_words(judgement))
    sys.exit(1 if judgement.verdict.value == "differs" else 0)


def _find(ledger: Ledger, settings: Settings, asked: str) -> RunRecord:
    from ml_assets.ledger.errors import NoSuchRun
    from ml_assets.ledger.find import find_run

    try:
        return find_run(ledger, asked)
    except NoSuchRun:
        if not settings.tracks_runs or len(asked) != 32:  # noqa: PLR2004 - a UUID's hexadecimal digits
            raise
        from ml_assets.models.find import record_of_run

        digest = record_of_run(asked, settings=settings.mlflow, root=settings.root)
        if digest is None:
            raise
        return find_run(ledger, digest)


@contextmanager
def _folder(settings: Settings, into: Path | None) -> Iterator[Path]:
    from ml_assets.dvc.project import DvcProject
    from ml_assets.dvc.scratch import scratch_folder

    if into is not None:
        yield into
        return
    with scratch_folder(DvcProject(settings.root).private_dir / "reproduce") as scratch:
        yield scratch / "clone"


def _start(record: RunRecord, settings: Settings, folder: Path) -> Rebuild:
    from ml_assets.ledger.newest_state import state_of
    from ml_assets.ledger.reproduce.rebuild import Rebuild

    return Rebuild.start(
        record, state_of(record), source=settings.root, into=folder, remote=settings.remote or None
    )


def _judge(record: RunRecord, rebuild: Rebuild, jobs: int) -> Judgement:
    from rich.console import Console

    from ml_assets.cli.progress import show_progress
    from ml_assets.ledger.reproduce.verdict import judge

    def tell(events: Events[Event]) -> None:
        show_progress(events, Console(stderr=True))

    return judge(record, rebuild.run(jobs=jobs, tell=tell))


def _plain(judgement: Judgement) -> dict[str, Any]:
    return {**asdict(judgement), "verdict": judgement.verdict.value}


def _in_words(judgement: Judgement) -> str:
    lines = [f"Record {judgement.record}: {judgement.verdict.value}, {judgement.compared} outputs compared."]
    for each in judgement.differences:
        found = f"{each.found} now" if each.found else "not made now"
        lines.append(f"  {each.path} ({each.stage}): {each.recorded} recorded, {found}")
    lines += [f"  because {reason}" for reason in judgement.reasons]
    if judgement.not_compared:
        lines.append(f"  not compared, for they were out of date then: {', '.join(judgement.not_compared)}")
    return "\n".join(lines)
