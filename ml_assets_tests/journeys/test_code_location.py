"""The shipped code location as Dagster's own commands find it, whichever way they are pointed at it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ml_assets.demo.web_api import WebApi
from ml_assets_tests.factories import run
from ml_assets_tests.journeys.web_server import web_server
from ml_assets_tests.stages.example import ROOT, clone

_SELECTOR = 'repositoryLocationName: "{location}", repositoryName: "__repository__"'
_START = """
mutation { startSensor(sensorSelector: {sensorName: "landing", SELECTOR}) { __typename } }
"""
_STATE = """
{ sensorOrError(sensorSelector: {sensorName: "landing", SELECTOR}) {
    ... on Sensor { sensorState { status } } } }
"""
_JOB = """
import json, sys
from dagster import Definitions, define_asset_job
from ml_assets.definitions import defs
job = define_asset_job("chosen", selection=sys.argv[1])
found = Definitions.merge(defs, Definitions(jobs=[job])).resolve_job_def("chosen")
print(json.dumps(sorted(key.to_user_string() for key in found.asset_layer.executable_asset_keys)))
"""
_SPECS = """
import json
from ml_assets.definitions import defs
specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
print(json.dumps({name: [sorted(spec.kinds), bool(spec.description)] for name, spec in specs.items()}))
"""


@pytest.mark.parametrize(
    ("selection", "assets"),
    [
        ("raw*", ["evaluation", "features", "mlflow_run", "model", "processed", "raw"]),
        ("+model", ["features", "model"]),
        ('kind:"mlflow" or key:"raw"', ["mlflow_run", "raw"]),
    ],
)
def test_a_string_selects_the_assets_of_a_job(selection: str, assets: list[str]) -> None:
    assert json.loads(run(sys.executable, "-c", _JOB, selection, cwd=ROOT).stdout) == assets


def test_each_asset_says_what_it_is_and_what_makes_it() -> None:
    found = json.loads(run(sys.executable, "-c", _SPECS, cwd=ROOT).stdout)
    stages = ("processed", "features", "model", "evaluation")
    assert {name: kinds for name, (kinds, _) in found.items()} == {
        "raw": ["dvc"],
        **{key: ["dvc"] for key in stages},
        "mlflow_run": ["mlflow"],
        "ledger": [],
    }
    assert all(described for name, (_, described) in found.items() if name != "raw")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_sensor_started_without_the_workspace_file_is_on_with_it(tmp_path: Path) -> None:
    project = clone(tmp_path / "project")
    home = tmp_path / "dagster-home"
    home.mkdir()
    other = tmp_path / "other.yaml"
    text = (project / "workspace.yaml").read_text()
    other.write_text(text.replace("location_name: ml_assets", "location_name: other"))

    with web_server(project, home) as bare:
        answer = bare.query(_START.replace("SELECTOR", _SELECTOR.format(location="ml_assets")))
        assert answer["startSensor"]["__typename"] == "Sensor", answer
    with web_server(project, home, "-w", "workspace.yaml") as by_file:
        assert _sensor(by_file, location="ml_assets") == "RUNNING"
    # The control: under another name it is another sensor to Dagster.
    with web_server(project, home, "-w", str(other)) as renamed:
        assert _sensor(renamed, location="other") == "STOPPED"


def _sensor(api: WebApi, *, location: str) -> str:
    found = api.query(_STATE.replace("SELECTOR", _SELECTOR.format(location=location)))
    return str(found["sensorOrError"]["sensorState"]["status"])
