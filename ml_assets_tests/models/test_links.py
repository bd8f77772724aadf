"""Addresses without their secrets."""

from __future__ import annotations

import pytest

from ml_assets.models.links import credentials, public_uri, run_url


@pytest.mark.parametrize(
    ("uri", "public"),
    [
        ("https://ada:s3cret@dagshub.com/ada/x.mlflow", "https://dagshub.com/ada/x.mlflow"),
        ("https://token@host:8443", "https://host:8443"),
        ("https://ada:p@ss@host/", "https://host/"),
        ("postgresql://ada:s3cret@db:5432/mlflow?sslpassword=s3cret", "postgresql://db:5432/mlflow"),
        ("sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
    ],
)
def test_a_public_uri_has_no_secret(uri: str, public: str) -> None:
    assert public_uri(uri) == public


def test_the_password_of_a_server_goes_where_mlflow_looks_for_it() -> None:
    assert credentials("https://ada:s%40cret@host/x") == {
        "MLFLOW_TRACKING_USERNAME": "ada",
        "MLFLOW_TRACKING_PASSWORD": "s@cret",
    }
    assert credentials("https://host/x") == {}
    assert credentials("postgresql://ada:s3cret@db/mlflow") == {}


@pytest.mark.parametrize(
    ("ui", "uri", "page"),
    [
        ("http://ui:5000/", "sqlite:///x.db", "http://ui:5000/#/experiments/1/runs/r"),
        (None, "https://ada:s3cret@host/x.mlflow", "https://host/x.mlflow/#/experiments/1/runs/r"),
        (None, "sqlite:///x.db", None),
    ],
)
def test_a_runs_page_is_below_the_ui_or_the_server(ui: str | None, uri: str, page: str | None) -> None:
    assert run_url(ui=ui, uri=uri, experiment_id="1", run_id="r") == page
