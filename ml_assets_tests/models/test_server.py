"""Tracking on a real MLflow server, whose address holds a password."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, materialize

from ml_assets.demo.loopback import HOST, answers, free_port
from ml_assets.ledger.record import RunRecord
from ml_assets.ledger.store import Ledger
from ml_assets.models.assets import build_mlflow_run_asset
from ml_assets.settings import Settings
from ml_assets_tests.models.project import SETTINGS

pytestmark = pytest.mark.slow


@pytest.fixture
def server(made_database: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a server, as host:port."""
    port = free_port()
    store = tmp_path / "server.db"
    store.write_bytes(made_database.read_bytes())
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        HOST,
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    stores = [
        "--backend-store-uri",
        f"sqlite:///{store}",
        "--artifacts-destination",
        str(tmp_path / "artifacts"),
    ]
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *stores], cwd=tmp_path, env=os.environ, stdout=log, stderr=log, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 60
        while not answers(port, "/health"):
            assert process.poll() is None, (tmp_path / "server.log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "server.log").read_text()
            time.sleep(0.1)
        yield f"{HOST}:{port}"
    finally:
        os.killpg(process.pid, 15)
        process.wait(20)


def test_a_record_is_tracked_once_and_the_password_is_nowhere_to_be_seen(
    server: str, record: RunRecord, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    root = tmp_path / "project"

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ada:s3cret@{server}")
    tracked = build_mlflow_run_asset(settings=Settings(root=root, mlflow=SETTINGS), ledger=ledger, deps=[])

    with DagsterInstance.ephemeral() as instance:
        results = [materialize([tracked], instance=instance) for _ in range(2)]
        logs = [str(entry) for result in results for entry in instance.all_logs(result.run_id)]

    client = MlflowClient(f"http://{server}")
    experiment = client.get_experiment_by_name(SETTINGS.experiment)
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    said = results[-1].get_asset_materialization_events()[0].materialization.metadata
    assert run.info.status == "FINISHED"
    assert said["mlflow/outcome"].value == "unchanged"
    assert said["mlflow/tracking_uri"].value == f"http://{server}"
    assert said["mlflow/url"].value == (
        f"http://{server}/#/experiments/{experiment.experiment_id}/runs/{run.info.run_id}"
    )
    assert "s3cret" not in "\n".join(logs) + str(run.to_dictionary())
    assert os.environ["MLFLOW_TRACKING_URI"] == f"http://ada:s3cret@{server}"
    assert "MLFLOW_TRACKING_PASSWORD" not in os.environ
    logged = Path(client.download_artifacts(run.info.run_id, "model_file/model.joblib", str(tmp_path)))
    assert logged.read_bytes() == (root / "models" / "model.joblib").read_bytes()
