"""One step a stage: the same lock, versions and record as one step for all of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance, Definitions, ExecuteInProcessResult

from ml_assets.assets.errors import RecordKeyTaken
from ml_assets.code_location import build_definitions
from ml_assets.dvc.project import DvcProject
from ml_assets.ledger.record import RunRecord
from ml_assets.ledger.store import Ledger
from ml_assets_tests.assets.conftest import materializations, metadata
from ml_assets_tests.factories import BIN, dvc, environment, make_project, make_two_stages, run, write

STEPS = {"ml_assets.toml": 'steps = "stage"\n'}
DEFS = "from ml_assets import DvcProject, build_definitions\ndefs = build_definitions(DvcProject.find())\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = make_two_stages(tmp_path / "project")
    write(project, STEPS)
    return project


def materialize(root: Path, instance: DagsterInstance, *names: str) -> ExecuteInProcessResult:
    definitions: Definitions = build_definitions(DvcProject(root))
    job = definitions.resolve_implicit_global_asset_job_def()
    keys = [AssetKey(name) for name in names or ("double", "total", "run_record")]
    return job.execute_in_process(instance=instance, raise_on_error=False, asset_selection=keys)


def records(root: Path) -> list[RunRecord]:
    found = Ledger.open(".ml_assets/ledger", root=root).records()
    return [record for record in found if isinstance(record, RunRecord)]


def test_each_stage_has_a_step_and_the_last_one_appends_the_record(root: Path, tmp_path: Path) -> None:
    with DagsterInstance.ephemeral() as instance:
        result = materialize(root, instance)
        assert result.success
        steps = {event.step_key for event in result.all_events if event.is_step_success}
        assert {"pipeline__double", "pipeline__total", "run_record"} <= steps
        (record,) = records(root)
        assert record.stages == {"double": "ran", "total": "ran"}
        assert metadata(materializations(result)["run_record"])["ledger/record"] == record.number
        again = materialize(root, instance)
    assert again.success
    assert metadata(materializations(again)["total"])["dvc/outcome"] == "unchanged"
    assert len(records(root)) == 1
    by_hand = make_two_stages(tmp_path / "by-hand")
    dvc("repro", "-q", cwd=by_hand)
    assert (root / "dvc.lock").read_bytes() == (by_hand / "dvc.lock").read_bytes()


def test_results_are_pushed_as_each_step_ends(root: Path) -> None:
    write(root, {"total.py": "raise SystemExit('no total')\n"})
    with DagsterInstance.ephemeral() as instance:
        assert not materialize(root, instance).success
    made = (root / "data/double.txt").read_bytes()
    remote = root.parent / "project-remote"
    assert any(path.is_file() and path.read_bytes() == made for path in remote.rglob("*"))
    assert records(root) == []


def test_a_retry_runs_what_is_missing_and_no_more(root: Path) -> None:
    good = (root / "total.py").read_text()
    write(root, {"total.py": "raise SystemExit('no total')\n"})
    with DagsterInstance.ephemeral() as instance:
        materialize(root, instance)
        write(root, {"total.py": good})
        result = materialize(root, instance)
    found = {name: metadata(each).get("dvc/outcome") for name, each in materializations(result).items()}
    assert found == {"double": "unchanged", "total": "ran", "run_record": None}


def test_a_stage_of_the_records_name_is_refused(tmp_path: Path) -> None:
    pipeline = "stages:\n  run_record:\n    cmd: 'true'\n    outs: [o]\n"
    root = make_project(tmp_path / "project", {"dvc.yaml": pipeline, **STEPS})
    with pytest.raises(RecordKeyTaken, match="run_record"):
        build_definitions(DvcProject(root))


WIDE = (
    "stages:\n"
    + "".join(
        f"  {name}:\n    cmd: sleep {seconds} && echo {name} > {name}.txt\n    outs: [{name}.txt]\n"
        for name, seconds in (("d", 2), ("c", 1.4), ("b", 0.7), ("a", 0))
    )
    + "  join:\n    cmd: cat ?.txt > all.out\n    deps: [a.txt, b.txt, c.txt, d.txt]\n    outs: [all.out]\n"
)


@pytest.mark.slow
def test_steps_side_by_side_in_processes_leave_the_lock_of_a_serial_repro(tmp_path: Path) -> None:
    files = {"dvc.yaml": WIDE, "defs.py": DEFS, ".gitignore": "/.ml_assets/\n/.tmp*\n", **STEPS}
    root = make_project(tmp_path / "project", files)
    by_hand = Path(shutil.copytree(root, tmp_path / "by-hand"))
    dvc("repro", "-q", cwd=by_hand)
    home = tmp_path / "home"
    home.mkdir()
    done = run(
        *(BIN / "dagster", "asset", "materialize", "-f", "defs.py", "--select", "*"),
        cwd=root,
        env=environment(DAGSTER_HOME=str(home)),
    )
    assert "RUN_SUCCESS" in done.stderr
    assert (root / "dvc.lock").read_bytes() == (by_hand / "dvc.lock").read_bytes()
    (record,) = records(root)
    assert set(record.stages) == {"a", "b", "c", "d", "join"}
