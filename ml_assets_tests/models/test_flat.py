"""Nested params and metrics become names that MLflow takes, none lost."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from ml_assets.models.flat import VALUE_LIMIT, flat_metrics, flat_params, mlflow_name
from ml_assets.models.store import prepare_store
from ml_assets_tests.models.project import SETTINGS

if TYPE_CHECKING:
    from mlflow import MlflowClient


def test_params_of_the_default_file_have_dotted_names() -> None:
    params = {"gb": {"n_estimators": 150}, "seed": 7, "windows": [1, 7], "on": True, "x": None}

    assert flat_params({"params.yaml": params}) == {
        "gb.n_estimators": "150",
        "seed": "7",
        "windows": "[1, 7]",
        "on": "true",
        "x": "null",
    }


def test_params_of_other_files_begin_with_the_file_as_dvc_writes_them() -> None:
    params = {"params.yaml": {"seed": 1}, "gb/params.json": {"seed": 2}}

    assert flat_params(params) == {"seed": "1", "gb/params.json:seed": "2"}


def test_empty_branches_and_bare_values_are_kept() -> None:
    assert flat_params({"params.yaml": {"extra": {}, "none": []}}) == {"extra": "{}", "none": "[]"}
    assert flat_params({"p.json": 3}) == {"p.json:value": "3"}


def test_a_value_longer_than_mlflow_takes_is_cut() -> None:
    assert len(flat_params({"params.yaml": {"x": "y" * 9000}})["x"]) == VALUE_LIMIT


def test_metrics_are_the_numbers_and_nothing_else() -> None:
    metrics = {"auc": 0.7, "by": {"JFK": 3}, "good": True, "name": "gb", "list": [1], "none": None}

    assert flat_metrics({"m.json": metrics}) == {"auc": 0.7, "by/JFK": 3.0}


def test_metrics_of_several_files_begin_with_the_file() -> None:
    assert flat_metrics({"a/m.json": {"auc": 1}, "b/m.json": {"auc": 2}}) == {"a/m/auc": 1.0, "b/m/auc": 2.0}


def test_what_a_record_keeps_as_text_is_a_number_again() -> None:
    found = flat_metrics({"m.json": {"a": "NaN", "b": "-Infinity"}})

    assert math.isnan(found["a"])
    assert found["b"] == -math.inf


def test_mlflow_takes_every_name(root: Path, client: MlflowClient) -> None:
    from mlflow.entities import Param

    names = ["train@a", "a[0]", "größe", "a,b", "C=1", "sub/params.json:x y", "x" * 300, "日本", "a\tb", "%"]
    run_id = client.create_run(prepare_store(SETTINGS, root)).info.run_id

    client.log_batch(run_id, params=[Param(mlflow_name(name), name) for name in names])

    assert set(client.get_run(run_id).data.params.values()) == set(names)


def test_names_that_differ_only_in_what_mlflow_refuses_stay_apart() -> None:
    assert mlflow_name("train@a") != mlflow_name("train#a") != mlflow_name("train-a")
