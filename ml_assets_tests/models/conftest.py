"""A trained project and an MLflow store for each test, copied from ones made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets.ledger.record import RunRecord
from ml_assets.ledger.store import Ledger
from ml_assets.models.settings import TRACKING_URI_VARIABLE, UI_URL_VARIABLE, MlflowSettings
from ml_assets.models.store import prepare_store
from ml_assets_tests.models.project import SETTINGS, append_run, database, train

if TYPE_CHECKING:
    from mlflow import MlflowClient


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("trained") / "project")


@pytest.fixture(scope="session")
def made_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with MLflow's tables (which take seconds to make) and without our experiment."""
    root = tmp_path_factory.mktemp("mlflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(TRACKING_URI_VARIABLE, raising=False)
        prepare_store(MlflowSettings(experiment="another"), root)
    return database(root)


@pytest.fixture(autouse=True)
def _own_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (TRACKING_URI_VARIABLE, UI_URL_VARIABLE, "DAGSTER_UI_URL"):
        monkeypatch.delenv(name, raising=False)
    yield
    import mlflow

    assert mlflow.active_run() is None, "a test left an MLflow run active"


@pytest.fixture
def root(trained: Path, made_database: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "project"
    shutil.copytree(trained, copy)
    database(copy).parent.mkdir()
    shutil.copyfile(made_database, database(copy))
    return copy


@pytest.fixture
def ledger(root: Path) -> Ledger:
    return Ledger.open(".ml_assets/ledger", root=root)


@pytest.fixture
def record(ledger: Ledger, root: Path) -> RunRecord:
    return append_run(ledger, root, dagster_run="run-of-the-stages")


@pytest.fixture
def client(root: Path) -> MlflowClient:
    from mlflow import MlflowClient

    return MlflowClient(SETTINGS.resolved_uri(root))
