"""The example is plain DVC: each command works by hand, as its manual says."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ml_assets_tests.factories import dvc, run
from ml_assets_tests.stages.example import STAGES, pipeline


def test_repro_leaves_git_with_nothing_but_the_lock_to_commit(reproduced: Path) -> None:
    last = run("git", "show", "--name-only", "--format=", "HEAD", cwd=reproduced).stdout.split()
    assert sorted(last) == ["data/raw.dvc", "dvc.lock"]
    assert run("git", "status", "--short", cwd=reproduced).stdout == ""


def test_dag_leads_from_raw_to_the_evaluation(reproduced: Path) -> None:
    graph = dvc("dag", "--dot", cwd=reproduced)
    chain = ["data/raw.dvc", *STAGES]
    for before, after in pairwise(chain):
        assert f'"{before}" -> "{after}"' in graph


def test_every_stage_and_the_model_say_what_they_are() -> None:
    stages = pipeline()
    assert list(stages) == list(STAGES)
    assert all(stage["desc"] for stage in stages.values())


def test_metrics_show_the_scores_overall_and_for_each_origin(reproduced: Path) -> None:
    shown = json.loads(dvc("metrics", "show", "--json", cwd=reproduced))
    found: dict[str, Any] = shown[""]["data"]["evaluation/metrics.json"]["data"]
    assert 0.5 < found["auc"] < 0.8
    assert {"pr_auc", "log_loss", "brier", "calibration_error", "rows", "days"} < set(found)
    assert list(found["origin"]) == ["EWR", "JFK", "LGA"]
    assert sum(origin["rows"] for origin in found["origin"].values()) == found["rows"]


def test_plots_show_five_pictures_with_data(reproduced: Path) -> None:
    shown = json.loads(dvc("plots", "show", "--json", cwd=reproduced))
    assert not shown.get("errors")
    specs = {Path(name).stem: plot[0]["content"] for name, plot in shown["data"].items()}
    titles = {name: spec["title"]["text"] for name, spec in specs.items()}
    assert titles == {
        "roc": "ROC",
        "precision_recall": "Precision and recall",
        "calibration": "Calibration",
        "confusion": "Confusion matrix",
        "importance": "Permutation importance",
    }
    assert "<DVC_METRIC" not in json.dumps(specs["confusion"])
    assert len(specs["importance"]["data"]["values"]) == 20


@pytest.fixture
def laboratory(reproduced: Path, tmp_path: Path) -> Path:
    """A clone of the reproduced project to try things in, on the same cache."""
    project = tmp_path / "laboratory"
    run("git", "clone", "-q", reproduced, project, cwd=tmp_path)
    dvc("cache", "dir", "--local", str(reproduced / ".dvc" / "cache"), cwd=project)
    dvc("checkout", "-q", cwd=project)
    return project


def test_an_experiment_is_run_shown_and_applied(laboratory: Path) -> None:
    ran = dvc(
        "exp", "run", "-n", "more", "-S", "logreg.max_iter=200", "-S", "gb.n_estimators=300", cwd=laboratory
    )
    assert "Running stage 'model'" in ran
    assert "Running stage 'features'" not in ran
    assert "more" in dvc("exp", "show", "--no-pager", "--csv", cwd=laboratory)
    auc = metric(laboratory)
    run("git", "checkout", "-q", ".", cwd=laboratory)
    dvc("checkout", "-q", cwd=laboratory)
    assert metric(laboratory) != auc
    dvc("exp", "apply", "more", cwd=laboratory)
    assert metric(laboratory) == auc
    assert "n_estimators: 300" in (laboratory / "params.yaml").read_text()


def metric(project: Path) -> float:
    auc: float = json.loads((project / "evaluation" / "metrics.json").read_text())["auc"]
    return auc


def test_a_fresh_clone_pulls_all_bytes_and_has_nothing_to_run(reproduced: Path, tmp_path: Path) -> None:
    """From a folder as the remote; the S3 remote has its own test where the embedded S3 is."""
    here, there, store = tmp_path / "here", tmp_path / "there", str(tmp_path / "store")
    for project in (here, there):
        run("git", "clone", "-q", reproduced, project, cwd=tmp_path)
        dvc("remote", "add", "--local", "folder", store, cwd=project)
    dvc("cache", "dir", "--local", str(reproduced / ".dvc" / "cache"), cwd=here)
    dvc("push", "-q", "-r", "folder", cwd=here)
    dvc("pull", "-q", "-r", "folder", cwd=there)
    for name in ("models/model.joblib", "evaluation/metrics.json", "evaluation/plots/roc.csv"):
        assert (there / name).read_bytes() == (reproduced / name).read_bytes()
    assert "Running stage" not in dvc("repro", cwd=there)
