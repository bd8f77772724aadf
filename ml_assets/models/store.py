"""The MLflow store that runs are written to: made once, opened quietly, by one writer at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ml_assets.dvc.variables import with_variables
from ml_assets.models.errors import DriverMissing, ExperimentDeleted, TrackingFailed
from ml_assets.models.links import credentials, public_uri
from ml_assets.models.settings import TRACKING_URI_VARIABLE, MlflowSettings, sqlite_path

if TYPE_CHECKING:
    from mlflow import MlflowClient

PRIVATE = ".ml_assets"
ARTIFACTS = "mlartifacts"

# Our choices where the user made none.
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # MLflow prints the address of each run, with what is in it.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # The default of 7 lets a step wait four minutes for a server that is down.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
}

# Without it MLflow's pages open on traces of language models, which there are none of.
_KIND = {"mlflow.experimentKind": "custom_model_development"}


@dataclass(frozen=True, kw_only=True)
class TrackingStore:
    """An open store. `uri` goes to MLflow and is free of an http password; `public` may be shown."""

    client: MlflowClient
    experiment: str
    experiment_id: str
    uri: str
    public: str


def prepare_store(settings: MlflowSettings, root: Path) -> str:
    """Make the store and the experiment where they are missing; returns the experiment's id.

    Call it in one process before any other starts: two that create a fresh SQLite store at once break it.
    Raises TrackingFailed, DriverMissing and ExperimentDeleted.
    """
    with open_store(settings, root) as store:
        return store.experiment_id


@contextmanager
def open_store(settings: MlflowSettings, root: Path) -> Iterator[TrackingStore]:
    """The store of the project at `root`, for this process alone (of those on this machine).

    MLflow's global tracking URI points at it inside, and is put back at the end. Raises TrackingFailed,
    DriverMissing and ExperimentDeleted.
    """
    full = settings.resolved_uri(root)
    uri = public_uri(full) if credentials(full) else full
    with _one_writer(root), _environment(credentials(full)), _told_as(full), _pointed_at(uri):
        client = _client(uri)
        experiment_id = _experiment(client, settings.experiment, root, uri)
        yield TrackingStore(
            client=client,
            experiment=settings.experiment,
            experiment_id=experiment_id,
            uri=uri,
            public=public_uri(full),
        )


def _experiment(client: MlflowClient, name: str, root: Path, uri: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        # Without a location MLflow would put artifacts below whatever folder the process is in.
        local = None if sqlite_path(uri) is None else (root.resolve() / PRIVATE / ARTIFACTS).as_uri()
        return str(client.create_experiment(name, artifact_location=local, tags=_KIND))
    if found.lifecycle_stage == "deleted":
        raise ExperimentDeleted(name=name, experiment_id=found.experiment_id)
    return str(found.experiment_id)


@contextmanager
def _one_writer(root: Path) -> Iterator[None]:
    folder = root / PRIVATE
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "mlflow.lock").open("wb") as lock:
        # Released by the system when the process dies, however it does.
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _environment(secrets: Mapping[str, str]) -> Iterator[None]:
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    # MLflow sets it when it is pointed somewhere.
    with with_variables(secrets, restoring=(TRACKING_URI_VARIABLE,)):
        yield


@contextmanager
def _pointed_at(uri: str) -> Iterator[None]:
    import mlflow

    if (file := sqlite_path(uri)) is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        # Not set; the variable that goes with it, and holds what was set before, is put back by _environment.
        mlflow.set_tracking_uri(cast("str", None))


@contextmanager
def _told_as(uri: str) -> Iterator[None]:
    """Turn MLflow's errors into ours, without the URI's secrets in their text."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        # The error itself, as a cause, would carry the address with the password into Dagster's log.
        cause = str(error).replace(uri, public_uri(uri))
        raise TrackingFailed(uri=public_uri(uri), cause=cause) from None


def _client(uri: str) -> MlflowClient:
    from mlflow import MlflowClient

    try:
        return MlflowClient(uri)
    except ModuleNotFoundError as error:
        raise DriverMissing(uri=public_uri(uri), module=str(error.name)) from error
