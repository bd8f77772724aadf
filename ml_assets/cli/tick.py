"""`ml-assets tick`: one tick of the landing and its runs, without a daemon, for any scheduler."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from ml_assets.cli.project import current_landing

if TYPE_CHECKING:
    from dagster import DagsterInstance, Definitions

    from ml_assets.landing.next_step import Request
    from ml_assets.landing.sensor import Landing

BUSY = 75
"""Exit code when another tick is at work: EX_TEMPFAIL of sysexits.h, "try again later"."""


@click.command()
def tick() -> None:
    """Look what has landed, and run what is to be done about it, here and now.

    For cron, Airflow, a container: the same journal, ledger and locks as the daemon's sensor, and only one of
    them at a time. Exit codes: 0 all that was to do is done; 1 a run failed, or a person has to look;
    75 another tick is at work.
    """
    from ml_assets.code_location import build_definitions, build_landing
    from ml_assets.dvc.project import DvcProject
    from ml_assets.landing.errors import LandingBusy

    place, found = current_landing()
    definitions = build_definitions(DvcProject(place.settings.state_root))
    landing = build_landing(place, found)
    with _instance() as instance:
        try:
            done = _tick(landing, definitions, instance)
        except LandingBusy as busy:
            click.echo(str(busy), err=True)
            sys.exit(BUSY)
    sys.exit(0 if done else 1)


def _instance() -> DagsterInstance:
    from dagster import DagsterInstance

    if os.environ.get("DAGSTER_HOME"):
        return DagsterInstance.get()
    click.echo(
        "DAGSTER_HOME is not set: the runs of this tick are remembered by ledger and journal alone.", err=True
    )
    return DagsterInstance.ephemeral()


def _tick(landing: Landing, definitions: Definitions, instance: DagsterInstance) -> bool:
    """Whether all went well. The lease is kept to the end: who comes meanwhile is told to wait."""
    from ml_assets.landing.intake import open_journal
    from ml_assets.landing.journal.lease import lease
    from ml_assets.landing.s3_settings import LandingS3
    from ml_assets.landing.sensor import tick_under_lease

    found = landing.settings
    s3 = LandingS3(region=found.region, endpoint_url=found.endpoint_url)
    with lease(open_journal(found, landing.root), who="ml-assets tick"):
        ticked = tick_under_lease(landing, instance, s3)
        for warning in filter(None, (ticked.deaf, ticked.gave_up)):
            click.echo(warning, err=True)
        if not ticked.requests:
            click.echo(ticked.reason)
        runs = [_run(definitions, instance, request) for request in ticked.requests]
    return all(runs) and not ticked.gave_up


def _run(definitions: Definitions, instance: DagsterInstance, request: Request) -> bool:
    from ml_assets.landing.sensor import NAME, run_tags

    click.echo(f"{request.run_key}: {request.reason}")
    job = definitions.resolve_job_def(NAME)
    result = job.execute_in_process(instance=instance, tags=run_tags(request), raise_on_error=False)
    click.echo(f"{request.run_key}: {'succeeded' if result.success else 'failed'} (run {result.run_id})")
    return result.success
