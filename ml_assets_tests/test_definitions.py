"""The shipped code location: what it holds, what it costs to load, and that all ways in find the same one."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from ml_assets_tests.factories import BIN, environment

ROOT = Path(__file__).parents[1]
HEAVY = ("mlflow", "sklearn", "pandas", "boto3", "dvc", "polars", "pyarrow", "matplotlib", "dagster_aws")
ASSETS = {
    "raw": [],
    "processed": ["raw"],
    "features": ["processed"],
    "model": ["features"],
    "evaluation": ["features", "model"],
    "mlflow_run": ["evaluation"],
    "ledger": [],
}


def offline(**extra: str) -> dict[str, str]:
    """No credentials, no endpoint, and a proxy that answers nobody."""
    kept = {name: value for name, value in environment().items() if not name.startswith(("AWS_", "MLFLOW_"))}
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    return kept | nowhere | {"MLFLOW_DISABLE_TELEMETRY": "true"} | extra


def run(*command: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=offline(**extra), capture_output=True, text=True, check=False
    )


def python(code: str, **extra: str) -> str:
    done = run(sys.executable, "-c", code, **extra)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "command", [["dagster", "definitions", "validate"], ["dg", "check", "defs"]], ids=" ".join
)
def test_definitions_are_valid_without_network_credentials_or_a_remote(command: list[str]) -> None:
    done = run(str(BIN / command[0]), *command[1:])
    assert done.returncode == 0, done.stdout + done.stderr


def test_string_selections_work_beside_dvcs_parser() -> None:
    done = run(str(BIN / "dagster"), "asset", "list", "-m", "ml_assets.definitions", "--select", "features*")
    assert done.stdout.split() == ["evaluation", "features", "mlflow_run", "model"]


def test_the_graph_is_that_of_dvc_yaml_with_raw_before_and_tracking_after() -> None:
    code = (
        "import json; from ml_assets.definitions import defs; "
        "graph = defs.resolve_asset_graph(); "
        "print(json.dumps({key.to_user_string(): sorted(parent.to_user_string() "
        "for parent in graph.get(key).parent_keys) for key in graph.get_all_asset_keys()}))"
    )
    assert json.loads(python(code)) == ASSETS


def test_loading_imports_nothing_heavy() -> None:
    python("import ml_assets.definitions")  # the manifest may have to be made
    code = "import sys, ml_assets.definitions; print(*sorted(name.partition('.')[0] for name in sys.modules))"
    assert not set(python(code).split()) & set(HEAVY)


@pytest.mark.parametrize(
    ("variable", "status"), [({}, "STOPPED"), ({"ML_ASSETS_SENSOR": "running"}, "RUNNING")]
)
def test_the_sensor_is_off_unless_asked_for(variable: dict[str, str], status: str) -> None:
    code = "from ml_assets.definitions import defs; print(defs.sensors[0].default_status.value)"
    assert python(code, **variable).strip() == status


def test_workspace_yaml_and_a_bare_dagster_dev_name_the_same_code_location() -> None:
    """Under two names Dagster would keep two states of the same sensor."""
    (entry,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    module = entry["python_module"]
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    bare, dg = tool["dagster"], tool["dg"]["project"]
    assert module["module_name"] == bare["module_name"] == dg["code_location_target_module"]
    assert module["location_name"] == bare["code_location_name"] == dg["code_location_name"]
