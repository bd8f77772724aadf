"""The asset `mlflow_run` in Dagster, with dagster-mlflow's resource inside."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DagsterInstance,
    ExecuteInProcessResult,
    MaterializeResult,
    asset,
    materialize,
)

from ml_assets.ledger.record import RunRecord
from ml_assets.ledger.store import Ledger
from ml_assets.models.assets import build_mlflow_run_asset
from ml_assets.settings import Settings
from ml_assets_tests.models.project import SETTINGS, append_run

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


@dataclass(frozen=True)
class Place:
    """A project with its ledger, an MLflow store and a Dagster instance of its own."""

    root: Path
    ledger: Ledger
    client: "MlflowClient"
    instance: DagsterInstance
    mlflow_run: AssetsDefinition

    def materialize(self, *assets: AssetsDefinition) -> ExecuteInProcessResult:
        return materialize([*assets, self.mlflow_run], instance=self.instance, raise_on_error=False)

    def evaluation(self, *stale: str) -> AssetsDefinition:
        """Stands for the stages: ends with the record of its Dagster run."""

        @asset(name="evaluation")
        def stages(context: AssetExecutionContext) -> MaterializeResult[None]:
            append_run(self.ledger, self.root, dagster_run=context.run_id, stale=stale)
            return MaterializeResult()

        return stages

    def runs(self) -> list["Run"]:
        experiment = self.client.get_experiment_by_name(SETTINGS.experiment)
        return list(self.client.search_runs([experiment.experiment_id])) if experiment else []

    def log(self, result: ExecuteInProcessResult) -> str:
        return "\n".join(str(entry) for entry in self.instance.all_logs(result.run_id))


@pytest.fixture
def place(root: Path, ledger: Ledger, client: "MlflowClient", tmp_path: Path) -> Iterator[Place]:
    mlflow_run = build_mlflow_run_asset(
        settings=Settings(root=root, mlflow=SETTINGS),
        ledger=ledger,
        deps=[AssetKey("evaluation")],
        dagster_url="http://dagster:3000/",
    )
    home = tmp_path / "dagster"
    home.mkdir()
    with DagsterInstance.local_temp(str(home), {"telemetry": {"enabled": False}}) as instance:
        yield Place(root, ledger, client, instance, mlflow_run)


def metadata(result: ExecuteInProcessResult) -> dict[str, Any]:
    (found,) = [
        event.materialization
        for event in result.get_asset_materialization_events()
        if event.asset_key == AssetKey("mlflow_run")
    ]
    return {name: value.value for name, value in found.metadata.items()}


def version(result: ExecuteInProcessResult) -> str:
    (event,) = result.get_asset_materialization_events()
    return (event.materialization.tags or {})["dagster/data_version"]


def test_the_run_of_the_stages_is_tracked_and_linked_both_ways(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_UI_URL", "http://mlflow:5000")

    result = place.materialize(place.evaluation())

    (run,) = place.runs()
    record = place.ledger.head()
    assert record is not None
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "record 1"
    assert run.data.tags["ml_assets.record"] == record.digest
    assert run.data.tags["dagster.url"] == f"http://dagster:3000/runs/{result.run_id}"
    # dagster-mlflow's own tag, by which its users filter.
    assert run.data.tags["dagster_run_id"] == result.run_id
    said = metadata(result)
    page = f"http://mlflow:5000/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    assert (said["mlflow/run_id"], said["mlflow/url"]) == (run.info.run_id, page)
    assert (said["ledger/record"], said["ledger/digest"]) == (1, record.digest)
    assert said["metrics/accuracy"] == 1.0


def test_plots_are_there_as_data_and_as_pictures(place: Place, record: RunRecord) -> None:
    place.materialize()

    (run,) = place.runs()
    (plot,) = place.client.list_artifacts(run.info.run_id, "plots")
    (picture,) = place.client.list_artifacts(run.info.run_id, "pictures")
    assert plot.path == "plots/roc.csv"
    drawn = Path(place.client.download_artifacts(run.info.run_id, picture.path))
    assert drawn.read_bytes().startswith(b"\x89PNG")


def test_materializing_again_makes_no_second_run_and_the_same_version(
    place: Place, record: RunRecord
) -> None:
    results = [place.materialize() for _ in range(2)]

    assert len(place.runs()) == 1
    assert [metadata(result)["mlflow/outcome"] for result in results] == ["made", "unchanged"]
    assert [version(result) for result in results] == [record.digest] * 2


def test_a_partial_run_makes_no_mlflow_run_and_says_so(place: Place) -> None:
    result = place.materialize(place.evaluation("judged"))

    assert result.success
    assert place.runs() == []
    assert "No MLflow run is made of record 1" in place.log(result)
    assert [event.asset_key for event in result.get_asset_materialization_events()] == [
        AssetKey("evaluation")
    ]


def test_without_a_record_it_says_to_materialize_the_stages_first(place: Place) -> None:
    result = place.materialize()

    assert not result.success
    assert "Materialize the stages first" in place.log(result)


def test_a_failure_leaves_a_failed_run_that_the_next_materialization_completes(
    place: Place, record: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("ml_assets.models.writing.log_model", lambda *_, **__: 1 / 0)
        failed = place.materialize()
    (half,) = place.runs()
    assert not failed.success
    assert half.info.status == "FAILED"

    result = place.materialize()

    (whole,) = place.runs()
    assert whole.info.run_id == half.info.run_id
    assert whole.info.status == "FINISHED"
    assert whole.data.tags["dagster_run_id"] == result.run_id


def test_a_run_left_active_by_others_is_not_written_to(place: Place, record: RunRecord) -> None:
    import mlflow

    mlflow.set_tracking_uri(SETTINGS.resolved_uri(place.root))
    mlflow.set_experiment("another")
    with mlflow.start_run() as theirs:
        result = place.materialize()
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]

    assert not result.success
    assert "is not the active one" in place.log(result)
    assert place.client.get_run(theirs.info.run_id).data.params == {}


def test_control_the_resource_alone_opens_a_second_run_when_a_run_is_resumed(place: Place) -> None:
    import mlflow
    from dagster_mlflow import mlflow_tracking

    @asset(required_resource_keys={"mlflow"})
    def tracked(context: AssetExecutionContext) -> None:
        context.resources.mlflow.log_param("C", 1)

    config = {
        "experiment_name": SETTINGS.experiment,
        "mlflow_tracking_uri": SETTINGS.resolved_uri(place.root),
    }
    for _ in range(2):
        resource = mlflow_tracking.configured(config)
        materialize([tracked], instance=place.instance, resources={"mlflow": resource})
        mlflow.end_run()
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]

    assert len(place.runs()) == 2


FAILING = """
import sys
from pathlib import Path
from dagster import DagsterInstance, materialize
{imports}
root = Path({root!r})
{setup}
with DagsterInstance.ephemeral() as instance:
    assert not materialize({assets}, instance=instance, raise_on_error=False).success
"""
OURS = {
    "imports": """
from ml_assets.ledger.store import Ledger
from ml_assets.models.assets import build_mlflow_run_asset
from ml_assets.settings import Settings
from ml_assets_tests.models.project import SETTINGS
import ml_assets.models.writing as writing
""",
    "setup": """
def fail(*_, **__): raise RuntimeError("no")
writing.log_model = fail
asset = build_mlflow_run_asset(settings=Settings(root=root, mlflow=SETTINGS),
    ledger=Ledger.open(".ml_assets/ledger", root=root), deps=[])
""",
    "assets": "[asset]",
}
# The resource beside a step that fails in the same run: what tutorials show.
THEIRS = {
    "imports": """
from dagster import asset
from dagster_mlflow import mlflow_tracking
from ml_assets_tests.models.project import SETTINGS
""",
    "setup": """
config = {"experiment_name": SETTINGS.experiment, "mlflow_tracking_uri": SETTINGS.resolved_uri(root)}
@asset(required_resource_keys={"mlflow"})
def tracked(context): context.resources.mlflow.log_param("C", 1)
@asset(deps=[tracked])
def failing(): raise RuntimeError("no")
""",
    "assets": "[tracked, failing], resources={'mlflow': mlflow_tracking.configured(config)}",
}


def fail_in_a_process(root: Path, parts: dict[str, str]) -> None:
    code = FAILING.format(root=str(root), **parts)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_failed_run_stays_failed_after_its_process_has_ended(place: Place, record: RunRecord) -> None:
    fail_in_a_process(place.root, OURS)

    assert [run.info.status for run in place.runs()] == ["FAILED"]


@pytest.mark.slow
def test_control_the_resource_alone_calls_a_failed_run_finished(place: Place) -> None:
    fail_in_a_process(place.root, THEIRS)

    assert [run.info.status for run in place.runs()] == ["FINISHED"]


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ("http://ada:s3cret@127.0.0.1:9/x", "MLflow did not take the run"),
        ("postgresql+pg8000://ada:s3cret@127.0.0.1:9/x", "no module 'pg8000'"),
    ],
)
def test_a_store_that_does_not_answer_is_said_without_its_password(
    server: str, said: str, place: Place, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    append_run(place.ledger, place.root)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    result = place.materialize()

    assert not result.success
    assert said in place.log(result)
    assert "s3cret" not in place.log(result)
    assert "s3cret" not in "".join(capfd.readouterr())


def test_loading_the_asset_loads_no_mlflow() -> None:
    code = "import sys, ml_assets.models.assets; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    heavy = {"mlflow", "dagster_mlflow", "sklearn", "pandas", "boto3", "dvc.repo", "joblib"}
    assert heavy & set(loaded.stdout.split()) == set()
