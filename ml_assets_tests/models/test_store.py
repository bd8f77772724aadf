"""The embedded store is made once, whoever comes first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets.models.store import prepare_store
from ml_assets_tests.models.project import SETTINGS

if TYPE_CHECKING:
    from mlflow import MlflowClient

PREPARE = """
import sys
from pathlib import Path
from ml_assets.models.store import prepare_store
from ml_assets_tests.models.project import SETTINGS
print(prepare_store(SETTINGS, Path(sys.argv[1])))
"""


def test_preparing_again_finds_what_is_there(root: Path, client: MlflowClient) -> None:
    made = [prepare_store(SETTINGS, root) for _ in range(2)]

    (experiment,) = client.search_experiments(filter_string=f"name = '{SETTINGS.experiment}'")
    assert made == [experiment.experiment_id] * 2
    assert experiment.artifact_location == (root / ".ml_assets" / "mlartifacts").as_uri()


@pytest.mark.slow
def test_processes_that_make_the_store_at_the_same_time_wait_for_each_other(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PREPARE, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = [process.communicate(timeout=120) for process in processes]

    assert [process.returncode for process in processes] == [0] * 3, said
    assert len({out.strip() for out, _ in said}) == 1
