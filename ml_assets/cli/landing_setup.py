"""`ml-assets landing setup`: the wiring from the bucket to the queue that tells what lands."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ml_assets.cli.project import current_landing
from ml_assets.landing.setup.wiring import VIAS, Via, Wiring

if TYPE_CHECKING:
    from ml_assets.landing.settings import LandingSettings
    from ml_assets.landing.setup.clients import Clients


@click.command()
@click.option("--via", type=click.Choice(VIAS), default="direct", show_default=True, help="The events' way.")
@click.option(
    "--check", "mode", flag_value="check", help="Change nothing; exit with 1 if something is amiss."
)
@click.option("--terraform", "mode", flag_value="terraform", help="Print it for Terraform; change nothing.")
@click.option("--aws-cli", "mode", flag_value="aws-cli", help="Print it for the AWS CLI; change nothing.")
def setup(via: Via, mode: str | None) -> None:
    """Make the queue, its dead letters and its access, and let the bucket tell it what lands.

    What others have set for the bucket stays. Safe to repeat: what is as it should be is left alone.
    """
    _, settings = current_landing()
    wiring = Wiring.of(settings, via=via)
    match mode:
        case "terraform":
            from ml_assets.landing.setup.terraform import terraform

            click.echo(terraform(wiring), nl=False)
        case "aws-cli":
            from ml_assets.landing.setup.aws_cli import aws_cli

            click.echo(aws_cli(wiring), nl=False)
        case "check":
            sys.exit(0 if _check(settings, wiring) else 1)
        case _:
            _set_up(settings, wiring)
    if settings.queue is None:
        click.echo(f'Then set queue = "{wiring.queue}" in [tool.ml_assets.landing].', err=True)


def _check(settings: LandingSettings, wiring: Wiring) -> bool:
    from ml_assets.landing.setup.run import look

    flaws = 0
    for found in look(wiring, _clients(settings)):
        click.echo(f"amiss  {found.what}: {found.flaw}" if found.flaw else f"ok     {found.what}")
        flaws += bool(found.flaw)
    if flaws:
        via = "" if wiring.via == "direct" else f" --via {wiring.via}"
        click.echo(f"`ml-assets landing setup{via}` mends this.", err=True)
    return not flaws


def _set_up(settings: LandingSettings, wiring: Wiring) -> None:
    from ml_assets.landing.setup.run import set_up

    for found in set_up(wiring, _clients(settings)):
        click.echo(f"{'made' if found.flaw else 'ok':<6} {found.what}")


def _clients(settings: LandingSettings) -> Clients:
    from ml_assets.landing.s3_settings import LandingS3

    return LandingS3(region=settings.region, endpoint_url=settings.endpoint_url).setup_clients()
