"""Each of the three reports home by a switch of its own."""

from __future__ import annotations

from pathlib import Path

from ml_assets_tests.doctor.conftest import Look
from ml_assets_tests.factories import run, write


def test_dvc_is_asked_by_its_configuration_or_its_own_variable(look: Look, root: Path) -> None:
    config = root / ".dvc" / "config"
    config.write_text(config.read_text().replace("    analytics = false\n", ""))
    (found,) = look("dvc-telemetry", DO_NOT_TRACK="1")
    assert look("dvc-telemetry", DVC_NO_ANALYTICS="1") == []
    run("sh", "-c", found.remedy.strip("`"), cwd=root)
    assert look("dvc-telemetry") == []


def test_dagster_is_asked_by_dagster_yaml_alone(look: Look, root: Path, home: Path) -> None:
    assert look("dagster-telemetry") == []
    (home / "dagster.yaml").unlink()
    (found,) = look("dagster-telemetry", DO_NOT_TRACK="1")
    run("sh", "-c", found.remedy.strip("`"), cwd=root)
    assert look("dagster-telemetry") == []
    assert look("dagster-telemetry", DAGSTER_HOME="")[0].remedy.endswith(f">>'{root}/dagster.yaml'`")
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: true\n")
    (found,) = look("dagster-telemetry")
    assert found.remedy.startswith("set `enabled: false`")


def test_mlflow_wants_true_where_others_take_1(look: Look, root: Path) -> None:
    assert look("mlflow-telemetry") == []
    write(root, {"pyproject.toml": "[tool.ml_assets.mlflow]\n"})
    assert len(look("mlflow-telemetry", DO_NOT_TRACK="1")) == 1
    assert look("mlflow-telemetry", DO_NOT_TRACK="true") == []
    assert look("mlflow-telemetry", MLFLOW_DISABLE_TELEMETRY="true") == []
