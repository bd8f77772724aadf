"""The job `experiment`: what the launchpad takes, the log tells, and the asset `experiments` shows."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetKey, DagsterEventType, DagsterInstance, Definitions, ExecuteInProcessResult

from ml_assets.assets.experiment_job import build_experiment_job
from ml_assets.dvc.experiments.found import Experiment, list_experiments
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.dvc.experiments.batches import unchanged
from ml_assets_tests.factories import make_committed_run, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_committed_run(tmp_path / "project")


class Tracker:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __call__(self, experiment: Experiment) -> str:
        self.told.append(experiment.name)
        return f"https://tracking/{experiment.rev[:7]}"


def execute(root: Path, instance: DagsterInstance, **config: Any) -> tuple[ExecuteInProcessResult, Tracker]:
    track = Tracker()
    made = build_experiment_job(project=DvcProject(root), track=track)
    run_config = {"ops": {"run_experiment": {"config": config}}}
    return made.execute_in_process(run_config=run_config, instance=instance, raise_on_error=False), track


def shown(instance: DagsterInstance) -> Mapping[str, Any]:
    event = instance.get_latest_materialization_event(AssetKey("experiments"))
    assert event is not None
    assert event.asset_materialization is not None
    return event.asset_materialization.metadata


def why(result: ExecuteInProcessResult) -> str:
    (failed,) = result.filter_events(lambda event: event.event_type is DagsterEventType.STEP_FAILURE)
    error = failed.step_failure_data.error
    assert error is not None
    return str(error)


def test_those_that_succeed_are_compared_and_tracked_and_one_that_fails_fails_the_step(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    picky = (root / "total.py").read_text() + "assert offset != 4, 'four is refused'\n"
    write(root, {"total.py": picky})
    with DagsterInstance.ephemeral() as instance:
        with unchanged(root):
            result, track = execute(root, instance, overrides=["offset=3,4,5"], name="many", jobs=2)
        metadata = shown(instance)
    assert not result.success
    assert "1 of 3 experiments failed" in why(result)
    assert "four is refused" in why(result)
    assert track.told == ["many-1", "many-3"]
    assert {each.name for each in list_experiments(root)} == {"many-1", "many-3"}

    assert (metadata["kept"].value, metadata["failed"].value) == (2, 1)
    records = {record.data["experiment"]: record.data for record in metadata["comparison"].records}
    assert set(records) == {"(main)", "many-1", "many-3"}
    assert (records["many-3"]["offset"], records["many-3"]["total"]) == (5, 17)
    assert str(records["many-1"]["tracked"]).startswith("https://tracking/")
    picture = metadata["parallel_coordinates"].value.partition("base64,")[2].rstrip(")")
    assert base64.b64decode(picture).startswith(b"\x89PNG")

    log = capfd.readouterr().err
    assert "many-1/total | total 15" in log
    assert "many-3 is kept as" in log
    assert "many-2 failed" in log


def test_a_misspelt_key_fails_the_step_in_words_before_anything_runs(root: Path) -> None:
    with DagsterInstance.ephemeral() as instance, unchanged(root):
        result, track = execute(root, instance, overrides=["ofset=3"])
        assert instance.get_latest_materialization_event(AssetKey("experiments")) is None
    assert "ofset" in why(result)
    assert track.told == []


def test_the_projects_of_one_code_location_have_jobs_of_their_own(root: Path) -> None:
    one, other = (build_experiment_job(project=DvcProject(root), of=of) for of in (None, "flights"))
    assert [one.name, other.name] == ["experiment", "experiment_flights"]
    Definitions(jobs=[one, other]).resolve_all_job_defs()
