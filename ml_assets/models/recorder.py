"""How a run of MLflow is made the active one, and what may then be written to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol, cast

from ml_assets.models.store import TrackingStore

if TYPE_CHECKING:
    from collections.abc import Mapping


class Recorder(Protocol):
    """The part of MLflow's fluent interface that we use; the module and dagster-mlflow's resource have it."""

    def set_tags(self, tags: Mapping[str, Any], /) -> object: ...
    def log_params(self, params: Mapping[str, Any], /) -> object: ...
    def log_metrics(self, metrics: Mapping[str, float], /, *, timestamp: int) -> object: ...
    def log_artifact(self, local_path: str, artifact_path: str | None, /) -> object: ...


Recording = Callable[[TrackingStore, str], AbstractContextManager[Recorder]]
"""Makes the run with that id the active one for as long as the context lasts."""


@contextmanager
def active_run(store: TrackingStore, run_id: str) -> Iterator[Recorder]:
    """MLflow's own way."""
    import mlflow

    # Or the logged model would end up in the experiment "Default", below the working directory.
    mlflow.set_experiment(experiment_id=store.experiment_id)
    with mlflow.start_run(run_id=run_id):
        yield cast("Recorder", mlflow)
