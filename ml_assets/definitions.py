"""The code location: puts the rooms together and decides nothing."""

from collections.abc import Iterator

from dagster import AssetExecutionContext, AssetKey, Definitions, MaterializeResult, in_process_executor
from dotenv import load_dotenv

import ml_assets.collector  # noqa: F401 - for what it does, before all others of ours
from ml_assets.assets import (
    DvcProject,
    DvcResource,
    DvcRunConfig,
    build_source_assets,
    dvc_assets,
    source_spec,
)
from ml_assets.landing.assets import build_raw_asset
from ml_assets.landing.s3_settings import LandingS3
from ml_assets.landing.sensor import Landing, build_landing_definitions
from ml_assets.ledger.store import Ledger
from ml_assets.models.assets import build_mlflow_run_asset
from ml_assets.settings import Settings

project = DvcProject.find().pinned()
# `dagster dev` reads .env by itself; the other commands that load this location do not.
load_dotenv(project.root / ".env")
settings = Settings.load(project.root)
ledger = Ledger.open(settings.ledger, root=project.root)


@dvc_assets(project=project, sources=settings.sources)
def pipeline(
    context: AssetExecutionContext, config: DvcRunConfig, dvc: DvcResource
) -> Iterator[MaterializeResult[None]]:
    """All stages of dvc.yaml in one step."""
    yield from dvc.run(context=context, redo=config.redo)


def _landing() -> Definitions:
    if settings.landing is None:
        return Definitions()
    raw = source_spec(project=project, path=settings.landing.into)
    intake = build_raw_asset(
        spec=raw, settings=settings.landing, project=project, ledger=ledger, remote=settings.remote
    )
    s3 = LandingS3(region=settings.landing.region, endpoint_url=settings.landing.endpoint_url)
    return Definitions.merge(
        Definitions(assets=[intake], resources={"landing_s3": s3}),
        build_landing_definitions(Landing(settings=settings.landing, ledger=ledger, raw=raw.key)),
    )


defs = Definitions.merge(
    Definitions(
        assets=[
            pipeline,
            *build_source_assets(project=project, without=settings.sources),
            build_mlflow_run_asset(settings=settings, ledger=ledger, deps=[AssetKey("evaluation")]),
        ],
        resources={
            "dvc": DvcResource(project_dir=str(project.root), remote=settings.remote, ledger=settings.ledger)
        },
        # One process a run: DVC skips what is done, so a step has nothing to win from a process of its own.
        executor=in_process_executor,
    ),
    _landing(),
)
