"""A run record becomes exactly one MLflow run, which holds all that the record and its outputs say."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets.dvc.lockfile import read_dvc_file
from ml_assets.ledger.canonical import sha256_hex
from ml_assets.ledger.record import RunRecord
from ml_assets.ledger.store import Ledger
from ml_assets.models.errors import ExperimentDeleted, ModelUnreadable, OutputUnknown
from ml_assets.models.projection import STATE_TAG
from ml_assets.models.recorder import Recorder, active_run
from ml_assets.models.settings import MlflowSettings
from ml_assets.models.store import TrackingStore, prepare_store
from ml_assets.models.tracking import Outcome, TrackedRun, track
from ml_assets.models.writing import Attachments
from ml_assets_tests.ledger.drafts import intake, landed
from ml_assets_tests.models.project import SETTINGS, append_run, database

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


def track_it(record: RunRecord, root: Path) -> TrackedRun:
    return track(record, root=root, settings=SETTINGS)


def runs(client: MlflowClient) -> list[Run]:
    experiment = client.get_experiment_by_name(SETTINGS.experiment)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def test_the_run_says_what_the_record_says(record: RunRecord, root: Path, client: MlflowClient) -> None:
    tracked = track(
        record,
        root=root,
        settings=SETTINGS,
        intakes=[intake(landed("a"), landed("b")).numbered(number=1, previous=None)],  # type: ignore[list-item]
        dagster_url="http://dagster/runs/run-of-the-stages",
    )

    (run,) = runs(client)
    assert run.info.run_id == tracked.run_id
    assert run.info.run_name == "record 1"
    assert run.info.status == "FINISHED"
    assert run.info.start_time == run.info.end_time == int(record.time.timestamp() * 1000)
    assert run.data.params == {"logreg.C": "0.1", "logreg.max_iter": "50", "columns": '["a", "b"]'}
    assert run.data.metrics == {"accuracy": 1.0, "by_origin/JFK/n": 3.0}
    assert record.git is not None
    assert (
        run.data.tags.items()
        >= {
            "ml_assets.record": record.digest,
            "ml_assets.record_number": "1",
            "ml_assets.landed": "2",
            "dvc.lock_sha256": sha256_hex((root / "dvc.lock").read_bytes()),
            "dagster.run_id": "run-of-the-stages",
            "dagster.url": "http://dagster/runs/run-of-the-stages",
            "mlflow.source.git.commit": record.git.commit,
            "mlflow.user": record.actor,
        }.items()
    )


def test_the_digest_of_a_dataset_is_the_hash_of_dvc(
    record: RunRecord, root: Path, client: MlflowClient
) -> None:
    track_it(record, root)

    (run,) = runs(client)
    assert run.inputs is not None
    inputs = {each.dataset.name: each for each in run.inputs.dataset_inputs}
    raw = read_dvc_file(root / "data" / "raw.dvc")
    clean = next(out for out in record.outputs if out.path == "data/clean")
    assert raw is not None
    # The model's own card and code are no data that it was made from.
    assert {name: each.dataset.digest for name, each in inputs.items()} == {
        "data/raw": raw.md5,
        "data/clean": clean.md5,
    }
    assert {name: each.tags[0].value for name, each in inputs.items()} == {
        "data/raw": "source",
        "data/clean": "training",
    }


def test_files_are_there_byte_for_byte(
    record: RunRecord, root: Path, client: MlflowClient, tmp_path: Path
) -> None:
    picture = tmp_path / "roc.png"
    picture.write_bytes(b"PNG")

    tracked = track(
        record,
        root=root,
        settings=SETTINGS,
        attachments=lambda: Attachments(plots=["judged/roc.csv"], pictures=[picture]),
    )

    for place, source in {
        "model_file/model.joblib": root / "models" / "model.joblib",
        "metrics/metrics.json": root / "judged" / "metrics.json",
        "plots/roc.csv": root / "judged" / "roc.csv",
        "pictures/roc.png": picture,
        "ledger/dvc.lock": root / "dvc.lock",
        "ledger/record.json": root / ".ml_assets" / "ledger" / "records" / "0000000" / "0000000001.json",
    }.items():
        assert Path(client.download_artifacts(tracked.run_id, place)).read_bytes() == source.read_bytes()


def test_the_model_is_one_that_mlflow_can_serve(record: RunRecord, root: Path, client: MlflowClient) -> None:
    import joblib
    import mlflow
    import pandas as pd

    tracked = track_it(record, root)

    (model,) = client.search_logged_models([tracked.experiment_id])
    assert model.source_run_id == tracked.run_id
    assert model.status == "READY"
    rows = pd.DataFrame({"x": [0.0, 5.0]})
    served = mlflow.pyfunc.load_model(model.artifact_location).predict(rows)
    assert list(served) == list(joblib.load(root / "models" / "model.joblib").predict(rows))
    required = Path(model.artifact_location.removeprefix("file://"), "requirements.txt").read_text()
    assert "scikit-learn==" in required


def test_tracking_again_changes_nothing(record: RunRecord, root: Path, client: MlflowClient) -> None:
    first = track_it(record, root)
    before = database(root).read_bytes()

    second = track_it(record, root)

    assert (first.outcome, second.outcome) == (Outcome.MADE, Outcome.UNCHANGED)
    assert (second.run_id, second.experiment_id) == (first.run_id, first.experiment_id)
    assert second.metrics == first.metrics
    assert database(root).read_bytes() == before
    assert len(runs(client)) == 1


def test_each_record_has_a_run_of_its_own(ledger: Ledger, root: Path, client: MlflowClient) -> None:
    records = [append_run(ledger, root), append_run(ledger, root)]

    tracked = [track_it(record, root).run_id for record in records]

    assert len(set(tracked)) == len(runs(client)) == 2


def test_a_run_that_somebody_deleted_is_made_again(
    record: RunRecord, root: Path, client: MlflowClient
) -> None:
    first = track_it(record, root)
    client.delete_run(first.run_id)

    second = track_it(record, root)

    assert second.outcome is Outcome.MADE
    assert [run.info.run_id for run in runs(client)] == [second.run_id] != [first.run_id]


def failing_at(method: str) -> object:
    """A recording that fails when `method` is called."""

    class Failing:
        def __init__(self, real: Recorder) -> None:
            self._real = real

        def __getattr__(self, name: str) -> object:
            if name == method:
                raise RuntimeError("the disk is full")
            return getattr(self._real, name)

    @contextmanager
    def recording(store: TrackingStore, run_id: str) -> Iterator[Failing]:
        with active_run(store, run_id) as real:
            yield Failing(real)

    return recording


@pytest.mark.parametrize("method", ["set_tags", "log_metrics", "log_artifact"])
def test_a_failure_half_way_is_failed_and_then_completed(
    record: RunRecord, root: Path, client: MlflowClient, method: str
) -> None:
    with pytest.raises(RuntimeError, match="disk is full"):
        track(record, root=root, settings=SETTINGS, recording=failing_at(method))  # type: ignore[arg-type]
    (half,) = runs(client)
    assert half.info.status == "FAILED"

    tracked = track_it(record, root)

    (whole,) = runs(client)
    assert whole.info.run_id == half.info.run_id == tracked.run_id
    assert whole.info.status == "FINISHED"
    assert whole.data.tags[STATE_TAG] == "complete"
    assert whole.data.metrics["accuracy"] == 1.0
    assert len(client.get_metric_history(tracked.run_id, "accuracy")) == 1
    assert len(client.search_logged_models([tracked.experiment_id])) == 1


def test_threads_that_track_the_same_record_make_one_run(
    record: RunRecord, root: Path, client: MlflowClient
) -> None:
    tracked: list[TrackedRun] = []
    threads = [threading.Thread(target=lambda: tracked.append(track_it(record, root))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(tracked) == 3
    assert len(runs(client)) == 1
    assert {each.run_id for each in tracked} == {runs(client)[0].info.run_id}


def test_two_machines_that_both_made_a_run_agree_on_one(
    record: RunRecord, root: Path, client: MlflowClient
) -> None:
    experiment = prepare_store(SETTINGS, root)
    for start in (1000, 2000):
        client.create_run(experiment, start_time=start, tags={"ml_assets.record": record.digest})

    tracked = track_it(record, root)

    (run,) = runs(client)
    assert run.info.run_id == tracked.run_id
    assert run.info.start_time == 1000


def test_a_workspace_that_moved_on_is_not_mistaken_for_the_record(
    record: RunRecord, root: Path, client: MlflowClient
) -> None:
    model = root / "models" / "model.joblib"
    recorded = model.read_bytes()
    for path in (model, root / "judged" / "metrics.json"):
        path.unlink()
        path.write_bytes(b"made later")

    tracked = track_it(record, root)

    logged = Path(client.download_artifacts(tracked.run_id, "model_file/model.joblib"))
    assert logged.read_bytes() == recorded
    metrics = Path(client.download_artifacts(tracked.run_id, "metrics/metrics.json"))
    assert json.loads(metrics.read_text())["accuracy"] == 1.0


def test_a_model_that_is_none_is_said_and_the_run_failed(
    ledger: Ledger, root: Path, client: MlflowClient
) -> None:
    record = append_run(ledger, root)
    settings = SETTINGS.model_copy(update={"model": "judged/metrics.json"})

    with pytest.raises(ModelUnreadable, match=r"metrics\.json(?s:.*)joblib"):
        track(record, root=root, settings=settings)

    assert [run.info.status for run in runs(client)] == ["FAILED"]


def test_a_configured_model_that_no_stage_makes_is_said(record: RunRecord, root: Path) -> None:
    settings = SETTINGS.model_copy(update={"model": "models/other.joblib"})

    with pytest.raises(OutputUnknown, match=r"models/other\.joblib"):
        track(record, root=root, settings=settings)


def test_a_deleted_experiment_is_said_with_the_command_that_restores_it(
    record: RunRecord, root: Path, client: MlflowClient
) -> None:
    experiment = prepare_store(SETTINGS, root)
    client.delete_experiment(experiment)

    with pytest.raises(ExperimentDeleted, match=f"mlflow experiments restore -x {experiment}"):
        track_it(record, root)


def test_mlflows_global_state_is_as_before(record: RunRecord, root: Path, tmp_path: Path) -> None:
    import mlflow

    default = mlflow.get_tracking_uri()
    track_it(record, root)
    assert "MLFLOW_TRACKING_URI" not in os.environ
    assert mlflow.get_tracking_uri() == default
    assert default.startswith("sqlite:///")


def test_a_tracking_uri_that_the_process_has_set_stays_set(
    record: RunRecord, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    # What set_tracking_uri does, without leaking into other tests.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database(root)}")
    variable = "mlflow.tracking._tracking_service.utils._tracking_uri"
    monkeypatch.setattr(variable, os.environ["MLFLOW_TRACKING_URI"])

    track_it(record, root)

    assert mlflow.get_tracking_uri() == f"sqlite:///{database(root)}"


def test_the_environments_tracking_uri_wins(
    record: RunRecord, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    shutil.copyfile(database(root), elsewhere)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{elsewhere}")

    tracked = track_it(record, root)

    assert tracked.tracking_uri == f"sqlite:///{elsewhere}"
    assert os.environ["MLFLOW_TRACKING_URI"] == f"sqlite:///{elsewhere}"
    assert track_it(record, root).outcome is Outcome.UNCHANGED


def test_nothing_is_written_to_the_working_directory(
    record: RunRecord, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    track_it(record, root)

    assert list(here.iterdir()) == []
    assert (root / ".ml_assets" / "mlartifacts").is_dir()


def test_a_relative_sqlite_path_starts_at_the_projects_root(root: Path) -> None:
    settings = MlflowSettings(tracking_uri="sqlite:///x/y.db")

    assert settings.resolved_uri(root) == f"sqlite:///{root}/x/y.db"
