"""The quick look into the embedded store says what MLflow itself says, or leaves it to MLflow."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets.ledger.record import RunRecord
from ml_assets.models.peek import peek
from ml_assets.models.projection import STATE_TAG
from ml_assets.models.tracking import TrackedRun, track
from ml_assets_tests.models.project import SETTINGS, database

if TYPE_CHECKING:
    from mlflow import MlflowClient


@pytest.fixture
def tracked(record: RunRecord, root: Path) -> TrackedRun:
    return track(record, root=root, settings=SETTINGS)


def look(root: Path, digest: str, experiment: str = SETTINGS.experiment) -> str | None:
    found = peek(database(root), experiment=experiment, digest=digest)
    return found.run_id if found else None


def test_a_complete_run_is_seen(tracked: TrackedRun, record: RunRecord, root: Path) -> None:
    found = peek(database(root), experiment=SETTINGS.experiment, digest=record.digest)

    assert found is not None
    assert (found.run_id, found.experiment_id) == (tracked.run_id, tracked.experiment_id)


def test_nothing_else_is(tracked: TrackedRun, record: RunRecord, root: Path, client: MlflowClient) -> None:
    assert look(root, "0" * 64) is None
    assert look(root, record.digest, experiment="another") is None
    client.set_terminated(tracked.run_id, "FAILED")
    assert look(root, record.digest) is None
    client.set_terminated(tracked.run_id, "FINISHED")
    assert look(root, record.digest) == tracked.run_id
    client.set_tag(tracked.run_id, STATE_TAG, "started")
    assert look(root, record.digest) is None
    client.set_tag(tracked.run_id, STATE_TAG, "complete")
    client.delete_run(tracked.run_id)
    assert look(root, record.digest) is None
    client.restore_run(tracked.run_id)
    client.delete_experiment(tracked.experiment_id)
    assert look(root, record.digest) is None


def test_two_runs_of_a_record_are_left_to_mlflow(
    tracked: TrackedRun, record: RunRecord, root: Path, client: MlflowClient
) -> None:
    tags = {"ml_assets.record": record.digest, STATE_TAG: "complete"}
    other = client.create_run(tracked.experiment_id, tags=tags)
    client.set_terminated(other.info.run_id, "FINISHED")

    assert look(root, record.digest) is None


def test_a_database_that_is_missing_empty_or_another_is_left_to_mlflow(tmp_path: Path) -> None:
    missing, empty, garbage = (tmp_path / name for name in ("missing.db", "empty.db", "garbage.db"))
    sqlite3.connect(empty).close()
    garbage.write_text("no database" * 100)

    assert [peek(file, experiment="x", digest="y") for file in (missing, empty, garbage)] == [None] * 3
    assert not missing.exists()


def test_a_run_already_tracked_is_found_without_loading_mlflow(
    tracked: TrackedRun, record: RunRecord, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "record.json").write_bytes(record.canonical())
    code = f"""
import sys
from pathlib import Path
from ml_assets.ledger.parsing import parse_record
from ml_assets.models.tracking import track
from ml_assets_tests.models.project import SETTINGS
record = parse_record(Path({str(tmp_path / "record.json")!r}).read_bytes(), number=1, where="here")
print(track(record, root=Path({str(root)!r}), settings=SETTINGS).run_id, "mlflow" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.split() == [tracked.run_id, "False"]
    started = time.perf_counter()
    track(record, root=root, settings=SETTINGS)
    assert time.perf_counter() - started < 0.5
