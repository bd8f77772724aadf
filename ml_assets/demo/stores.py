"""Makes Dagster's and MLflow's stores in one process, before anything else opens them.

Two processes that create a fresh SQLite store at once leave it unusable for good.
"""

from __future__ import annotations

from ml_assets.settings import Settings


def prepare_stores(settings: Settings) -> None:
    """Create Dagster's stores in DAGSTER_HOME and MLflow's with its experiment; safe to repeat."""
    from dagster import DagsterInstance

    from ml_assets.models.store import prepare_store

    with DagsterInstance.get() as instance:
        instance.get_run_records(limit=1)
        instance.get_asset_keys()
        instance.all_instigator_state()
    prepare_store(settings.mlflow, root=settings.root)
