"""Which record an MLflow run was made from."""

from __future__ import annotations

from pathlib import Path

from ml_assets.models.projection import RECORD_TAG
from ml_assets.models.settings import MlflowSettings
from ml_assets.models.store import open_store


def record_of_run(run_id: str, *, settings: MlflowSettings, root: Path) -> str | None:
    """The digest of the record; None where there is no such run, or none of ours. Raises TrackingFailed."""
    from mlflow.exceptions import MlflowException

    with open_store(settings, root) as store:
        try:
            run = store.client.get_run(run_id)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
    digest: str | None = run.data.tags.get(RECORD_TAG)
    return digest
