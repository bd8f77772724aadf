"""What can go wrong with tracking: one class a cause, each naming the place and the remedy."""

from __future__ import annotations

from collections.abc import Sequence

from ml_assets.errors import ForeseenError


class TrackingError(ForeseenError):
    """Base of every error that the model room raises on purpose."""


class TrackingFailed(TrackingError):
    """MLflow refused something, or did not answer."""

    def __init__(self, *, uri: str, cause: str) -> None:
        self.uri = uri
        super().__init__(
            f"MLflow did not take the run: {cause}\n  at {uri}\n"
            "Check MLFLOW_TRACKING_URI and its credentials, then materialize the asset again: the same "
            "MLflow run is completed, and no second one is made."
        )


class DriverMissing(TrackingError):
    """The tracking URI names a database whose Python driver is not installed."""

    def __init__(self, *, uri: str, module: str) -> None:
        self.module = module
        super().__init__(
            f"The driver of MLflow's database is not installed: no module '{module}'.\n  for {uri}\n"
            "Install the driver, or name another in the URI, as in postgresql+psycopg2://…"
        )


class ExperimentDeleted(TrackingError):
    """The experiment of that name is in MLflow's bin, where it also blocks its name."""

    def __init__(self, *, name: str, experiment_id: str) -> None:
        self.name = name
        super().__init__(
            f"The MLflow experiment '{name}' was deleted.\n"
            f"Bring it back with `mlflow experiments restore -x {experiment_id}`, or set another "
            "`experiment` in [tool.ml_assets.mlflow]."
        )


class OutputUnknown(TrackingError):
    """A run has no output of that path."""

    def __init__(self, *, path: str, run: str, look: str) -> None:
        self.path = path
        super().__init__(
            f"{run} has no output '{path}'.\n"
            f"See what it has with `{look}`; `mlflow.model` in [tool.ml_assets] names the model's."
        )


class OutputGone(TrackingError):
    """The bytes of a record's output are neither in the workspace nor in DVC's cache."""

    def __init__(self, *, path: str, md5: str, cache: str) -> None:
        self.path = path
        self.md5 = md5
        super().__init__(
            f"'{path}' is no longer what the record names, and DVC's cache does not have {md5}.\n"
            f"  looked in {cache}\nFetch it with `dvc fetch` at the record's state, then try again."
        )


class ModelUnreadable(TrackingError):
    """The model's file is there and cannot be loaded."""

    def __init__(self, *, path: str, cause: str) -> None:
        self.path = path
        super().__init__(
            f"The model cannot be loaded: {cause}\n  from {path}\n"
            "It must be written by joblib, in this environment; set `mlflow.model` in [tool.ml_assets] when "
            "another output is the model."
        )


class NoRunRecord(TrackingError):
    """The ledger has no record of stages that ran completely."""

    def __init__(self, *, ledger: str) -> None:
        super().__init__(
            f"There is nothing to track: the ledger has no record of a complete run.\n  at {ledger}\n"
            "Materialize the stages first; each run of them ends with a record."
        )


class ExperimentPartial(TrackingError):
    """An experiment brought some stages up to date only; the metrics of the others are of another state."""

    def __init__(self, *, name: str, stale: Sequence[str]) -> None:
        self.name = name
        self.stale = tuple(stale)
        super().__init__(
            f"No MLflow run is made of experiment '{name}': it is of a part of the stages, and others are "
            f"out of date ({', '.join(stale)}). Run it without targets, and it is tracked."
        )
