"""The fitted model in MLflow: as a scikit-learn flavour that MLflow can serve, once per run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_assets.models.errors import ModelUnreadable
from ml_assets.models.projection import Projection
from ml_assets.models.store import TrackingStore

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel

NAME = "model"
# What unpickling the model takes. Left to itself MLflow infers it, for 7 to 9 seconds.
REQUIREMENTS = ("scikit-learn", "joblib", "numpy", "scipy", "pandas")


def log_model(store: TrackingStore, *, run_id: str, file: Path, projection: Projection) -> None:
    """Log the joblib file's model to the active run, unless an earlier attempt got that far.

    Pickle, since skops (MLflow's default) refuses types of both our candidates and is never the same bytes
    twice; the file comes out of our own cache, with the recorded hash. Raises ModelUnreadable.
    """
    for model in _logged(store, run_id):
        if model.status == "READY" and model.tags.get(projection.tag) == projection.digest:
            return
        store.client.delete_logged_model(model.model_id)
    _log(_load(file), run_id=run_id, projection=projection)


def _logged(store: TrackingStore, run_id: str) -> list[LoggedModel]:
    return list(
        store.client.search_logged_models(
            experiment_ids=[store.experiment_id], filter_string=f"source_run_id = '{run_id}'"
        )
    )


def _load(file: Path) -> Any:
    import joblib

    try:
        return joblib.load(file)
    except Exception as error:
        # Unpickling runs code of any library, and raises whatever that raises.
        raise ModelUnreadable(path=str(file), cause=f"{type(error).__name__}: {error}") from error


def _log(model: Any, *, run_id: str, projection: Projection) -> None:
    import mlflow.sklearn

    with _quiet("mlflow.sklearn"):
        mlflow.sklearn.log_model(
            model,
            name=NAME,
            run_id=run_id,
            serialization_format=mlflow.sklearn.SERIALIZATION_FORMAT_PICKLE,
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
            tags={projection.tag: projection.digest, "dvc.path": str(projection.model)},
        )


@contextmanager
def _quiet(logger: str) -> Iterator[None]:
    """Each pickle is warned of; why it is one, and where it comes from, is said above."""
    log = logging.getLogger(logger)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
