"""`ml-assets demo`: the main job on real flights, with everything that it needs on this machine."""

from __future__ import annotations

import signal

import click
from rich.console import Console

from ml_assets.dvc.project import DvcProject


@click.command()
@click.option("--once", is_flag=True, help="Four landings without a person looking on, a summary, exit.")
@click.option("--every", default=10.0, show_default=True, help="Seconds between two days of the feed.")
@click.option(
    "--history", default=90, show_default=True, type=click.IntRange(9, 300), help="Days in the first batch."
)
@click.option("--port", default=3000, show_default=True, help="Port of Dagster's web server.")
@click.option("--mlflow-port", default=5000, show_default=True, help="Port of MLflow's pages.")
@click.option("--s3-port", default=4566, show_default=True, help="Port of the embedded S3.")
def demo(*, once: bool, every: float, history: int, port: int, mlflow_port: int, s3_port: int) -> None:
    """Land real flights in an embedded S3 and watch them become a tracked model.

    Everything lives in .demo and goes on from there at the next start.
    """
    from ml_assets.demo.story import Demo, Ports

    story = Demo(
        root=DvcProject.find().root,
        ports=Ports(ui=port, mlflow=mlflow_port, s3=s3_port),
        console=Console(soft_wrap=True),
        history_days=history,
    )
    # A supervisor's stop must take the servers down as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if once:
        story.run_once()
        return
    try:
        story.run_until_interrupted(every_seconds=every)
    except KeyboardInterrupt:
        click.echo("Stopped; `make demo` continues from here.")
