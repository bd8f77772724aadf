"""An experiment becomes exactly one MLflow run, made from its commit and DVC's cache alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets.dvc.experiments.found import Experiment, find_experiment
from ml_assets.ledger.record import RunRecord
from ml_assets.models.errors import ExperimentPartial
from ml_assets.models.experiment import track_experiment
from ml_assets.models.tracking import Outcome, TrackedRun, track
from ml_assets_tests.dvc.experiments.made import make_experiment
from ml_assets_tests.factories import run, write
from ml_assets_tests.models.project import PARAMS, SETTINGS, database

if TYPE_CHECKING:
    from mlflow import MlflowClient

SECRET = "not-to-be-seen"


@pytest.fixture
def experiment(root: Path) -> Experiment:
    make_experiment(root, "five", {"notes.txt": "a part of it"})
    return find_experiment(root, "five")


def track_it(experiment: Experiment, root: Path) -> TrackedRun:
    return track_experiment(experiment, root=root, settings=SETTINGS)


def test_the_run_says_what_the_commit_says_whatever_the_workspace_looks_like_now(
    root: Path, experiment: Experiment, client: MlflowClient
) -> None:
    shutil.rmtree(root / "models")
    write(root, {"params.yaml": "logreg: {C: 9, max_iter: 9}\n", "judged/metrics.json": '{"accuracy": 0}'})
    edited = run("git", "status", "--porcelain", cwd=root).stdout
    tracked = track_it(experiment, root)

    assert run("git", "status", "--porcelain", cwd=root).stdout == edited
    found = client.get_run(tracked.run_id)
    assert found.info.run_name == "five"
    assert found.info.status == "FINISHED"
    assert found.data.params == {"logreg.C": "0.1", "logreg.max_iter": "50", "columns": '["a", "b"]'}
    assert found.data.metrics == {"accuracy": 1.0, "by_origin/JFK/n": 3.0}
    assert (
        found.data.tags.items()
        >= {
            "ml_assets.experiment": experiment.rev,
            "ml_assets.experiment_name": "five",
            "ml_assets.baseline": run("git", "rev-parse", "HEAD", cwd=root).stdout.strip(),
            "mlflow.source.git.commit": experiment.rev,
            "mlflow.user": "Test",
        }.items()
    )
    files = {each.path for each in client.list_artifacts(tracked.run_id)}
    assert {"experiment", "metrics", "plots", "model_file"} <= files
    assert found.inputs is not None
    assert [each.dataset.name for each in found.inputs.dataset_inputs] == ["data/clean", "data/raw"]


def test_again_it_is_the_same_run_and_a_records_run_is_another(
    root: Path, experiment: Experiment, record: RunRecord, client: MlflowClient
) -> None:
    of_record = track(record, root=root, settings=SETTINGS)
    first, second = track_it(experiment, root), track_it(experiment, root)
    assert (first.outcome, second.outcome) == (Outcome.MADE, Outcome.UNCHANGED)
    assert first.run_id == second.run_id != of_record.run_id
    assert len(client.search_runs([first.experiment_id])) == 2


def test_one_of_a_part_of_the_stages_is_refused_with_those_that_are_out_of_date(root: Path) -> None:
    make_experiment(root, "part", {"params.yaml": PARAMS.replace("50", "60")})
    with pytest.raises(ExperimentPartial, match="model") as caught:
        track_it(find_experiment(root, "part"), root)
    assert "model" in caught.value.stale


def test_no_secret_of_the_workspace_reaches_it(root: Path, experiment: Experiment) -> None:
    keys = f"url = s3://bucket/dvc\n    secret_access_key = {SECRET}"
    write(root, {".dvc/config.local": f"['remote \"bucket\"']\n    {keys}\n", ".env": f"TOKEN={SECRET}"})
    track_it(experiment, root)
    written = [*(root / ".ml_assets").rglob("*"), database(root)]
    assert not [path for path in written if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert list((root / ".dvc/tmp/ml_assets/experiments").iterdir()) == []
