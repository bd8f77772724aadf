"""kill -9 while a record is tracked: the next call completes the same MLflow run."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets.ledger.record import RunRecord
from ml_assets.models.projection import STATE_TAG
from ml_assets.models.tracking import Outcome, track
from ml_assets_tests.models.project import SETTINGS

if TYPE_CHECKING:
    from mlflow import MlflowClient

MOMENTS = [pytest.param("opened", marks=pytest.mark.slow), "artifact", "ended"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_next_call_completes_the_run_and_makes_no_second_one(
    moment: str, record: RunRecord, root: Path, client: MlflowClient
) -> None:
    command = [sys.executable, "-m", "ml_assets_tests.models.killed", str(root), moment]
    died = subprocess.run(command, capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    experiment = client.get_experiment_by_name(SETTINGS.experiment)
    assert experiment is not None
    (half,) = client.search_runs([experiment.experiment_id])
    assert half.data.tags[STATE_TAG] == "started"

    tracked = track(record, root=root, settings=SETTINGS)

    (whole,) = client.search_runs([experiment.experiment_id])
    assert tracked.outcome is Outcome.MADE
    assert whole.info.run_id == half.info.run_id == tracked.run_id
    assert whole.info.status == "FINISHED"
    assert whole.data.metrics["accuracy"] == 1.0
    assert len(client.search_logged_models([experiment.experiment_id])) == 1
    assert len(client.list_artifacts(whole.info.run_id, "model_file")) == 1
    assert track(record, root=root, settings=SETTINGS).outcome is Outcome.UNCHANGED
