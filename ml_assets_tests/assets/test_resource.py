"""Materializing stages: versions, outcomes, metadata, push, record."""

from __future__ import annotations

import re
import time
from pathlib import Path

import psutil
import pytest
from dagster import AssetKey, DagsterEventType, ExecuteInProcessResult

from ml_assets.dvc.events import Redo
from ml_assets.ledger.origin import collect
from ml_assets.ledger.record import IntakeDraft, Landed, RunRecord
from ml_assets_tests.assets.conftest import DagsterProject, materializations, metadata
from ml_assets_tests.factories import dvc, make_two_stages, run, write

VERSION_TAG = "dagster/data_version"


def records(project: DagsterProject) -> list[RunRecord]:
    return [record for record in project.ledger.records() if isinstance(record, RunRecord)]


def failure(result: ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    data = event.step_failure_data.user_failure_data
    assert data is not None
    return str(data.description)


def test_a_run_shows_dvcs_hash_as_data_version_and_says_what_happened(
    dagster_project: DagsterProject,
) -> None:
    result = dagster_project.materialize()
    assert result.success
    total = materializations(result)["total"]
    lock = (dagster_project.root / "dvc.lock").read_text()
    assert total.tags is not None
    assert f"md5: {total.tags[VERSION_TAG]}" in lock
    shown = metadata(total)
    assert shown["dvc/outcome"] == "ran"
    assert shown["total/total"] == 13.0
    assert shown["dvc/size_bytes"] == 13
    assert shown["params"] == {"params.yaml": {"offset": 1}}
    assert shown["dvc/remote_url"].endswith("project-remote")


def test_the_lock_after_a_dagster_run_is_that_of_dvc_repro(
    dagster_project: DagsterProject, tmp_path: Path
) -> None:
    dagster_project.materialize()
    by_hand = make_two_stages(tmp_path / "by-hand")
    dvc("repro", "-q", cwd=by_hand)
    assert (dagster_project.root / "dvc.lock").read_bytes() == (by_hand / "dvc.lock").read_bytes()


def test_unchanged_stages_yield_the_same_version_and_append_no_record(
    dagster_project: DagsterProject,
) -> None:
    first = materializations(dagster_project.materialize())
    again = dagster_project.materialize()
    assert again.success
    second = materializations(again)
    for name, materialization in second.items():
        assert metadata(materialization)["dvc/outcome"] == "unchanged"
        assert (materialization.tags or {})[VERSION_TAG] == (first[name].tags or {})[VERSION_TAG]
    assert len(records(dagster_project)) == 1


def test_a_forced_run_runs_all_stages(dagster_project: DagsterProject) -> None:
    dagster_project.materialize()
    forced = materializations(dagster_project.materialize(redo=Redo.ALL))
    assert {metadata(each)["dvc/outcome"] for each in forced.values()} == {"ran"}


def test_going_back_is_restored_from_the_cache(dagster_project: DagsterProject) -> None:
    dagster_project.materialize()
    write(dagster_project.root, {"params.yaml": "offset: 2\n"})
    dagster_project.materialize()
    write(dagster_project.root, {"params.yaml": "offset: 1\n"})
    outcome = metadata(materializations(dagster_project.materialize())["total"])["dvc/outcome"]
    assert outcome == "restored"
    assert len(records(dagster_project)) == 3


def test_each_line_of_a_stage_is_in_the_steps_log(dagster_project: DagsterProject) -> None:
    result = dagster_project.materialize()
    messages = [entry.user_message for entry in dagster_project.instance.all_logs(result.run_id)]
    assert "double | doubling 3" in messages


def test_the_record_comes_after_the_push_and_its_number_is_observed(dagster_project: DagsterProject) -> None:
    result = dagster_project.materialize()
    (record,) = records(dagster_project)
    assert record.dvc_lock == (dagster_project.root / "dvc.lock").read_text()
    assert record.stages == {"double": "ran", "total": "ran"}
    assert record.metrics == {"total.json": {"total": 13}}
    assert record.dagster is not None
    assert record.dagster.run_id == result.run_id
    pushed = {path.name for path in (dagster_project.root.parent / "project-remote").rglob("*")}
    assert all(out.md5[2:] in pushed for out in record.outputs)
    observed = [
        event.asset_observation_data.asset_observation
        for event in result.all_events
        if event.event_type is DagsterEventType.ASSET_OBSERVATION
    ]
    assert {each.asset_key for each in observed} == {AssetKey("double"), AssetKey("total")}
    assert {each.metadata["ledger/record"].value for each in observed} == {record.number}


def test_a_failed_stage_fails_the_run_keeps_what_was_done_and_appends_no_record(
    dagster_project: DagsterProject,
) -> None:
    write(dagster_project.root, {"total.py": "raise SystemExit('no total today')\n"})
    result = dagster_project.materialize()
    assert not result.success
    assert list(materializations(result)) == ["double"]
    assert records(dagster_project) == []
    assert "Stage 'total' failed" in failure(result)
    assert "no total today" in failure(result)


def test_what_does_not_depend_on_a_failed_stage_is_finished_and_kept(
    dagster_project: DagsterProject,
) -> None:
    text = (dagster_project.root / "dvc.yaml").read_text()
    independent = "  alone:\n    cmd: sleep 1 && echo > alone.txt\n    outs: [alone.txt]\n"
    write(dagster_project.root, {"dvc.yaml": text + independent, "double.py": "raise SystemExit(1)\n"})
    result = dagster_project.materialize()
    assert not result.success
    assert list(materializations(result)) == ["alone"]
    assert records(dagster_project) == []


def test_a_failed_push_leaves_no_record_and_the_next_run_appends_it(dagster_project: DagsterProject) -> None:
    config = dagster_project.root / ".dvc" / "config"
    good = config.read_text()
    config.write_text(good.replace("../../project-remote", "/proc/nowhere"))
    assert not dagster_project.materialize(remote="store").success
    assert records(dagster_project) == []
    config.write_text(good)
    assert dagster_project.materialize(remote="store").success
    assert len(records(dagster_project)) == 1


def test_a_default_remote_that_refuses_fails_no_stage_and_leaves_no_record(
    dagster_project: DagsterProject,
) -> None:
    """As in public repositories, whose remote is for reading: nobody asked for it by name."""
    config = dagster_project.root / ".dvc" / "config"
    config.write_text(config.read_text().replace("../../project-remote", "http://127.0.0.1:9/public"))
    result = dagster_project.materialize()
    assert result.success
    assert list(materializations(result)) == ["double", "total"]
    assert records(dagster_project) == []


def test_a_misspelt_remote_fails_before_anything_runs(dagster_project: DagsterProject) -> None:
    result = dagster_project.materialize(remote="sotre")
    assert not result.success
    assert materializations(result) == {}
    assert "There is no DVC remote 'sotre'" in failure(result)


def test_an_unreachable_ledger_fails_the_step_in_words(dagster_project: DagsterProject) -> None:
    (dagster_project.root / ".ml_assets").write_text("in the way")
    result = dagster_project.materialize()
    assert not result.success
    assert str(dagster_project.root / ".ml_assets") in failure(result)


def test_sources_that_no_record_vouches_for_are_pushed_before_the_record(
    dagster_project: DagsterProject,
) -> None:
    dagster_project.materialize()
    (record,) = records(dagster_project)
    md5 = re.search(r"md5: (\w+\.dir)", record.dvc_files["data/raw.dvc"])
    assert md5 is not None
    remote = dagster_project.root.parent / "project-remote"
    assert list(remote.rglob(f"{md5[1][2:]}"))


def test_a_landing_that_changed_no_output_still_gets_its_run_record(dagster_project: DagsterProject) -> None:
    dagster_project.materialize()
    text = (dagster_project.root / "data/raw.dvc").read_text()
    landed = Landed(bucket="b", key="landing/x", etag="e", size=1, sha256="0" * 64, path="x")
    dagster_project.ledger.append(
        lambda _: IntakeDraft(
            **dict(collect(dagster_project.root)), landed=(landed,), dvc_files={"data/raw.dvc": text}
        )
    )
    assert dagster_project.materialize().success
    assert [record.number for record in records(dagster_project)] == [1, 3]


BAD_OUTPUTS = {
    "an empty CSV": ("table.csv", "b''"),
    "a ragged CSV": ("table.csv", "b'a,b\\n1\\n1,2,3\\n'"),
    "a Latin-1 CSV": ("table.csv", "'größe\\n1\\n'.encode('latin-1')"),
    "text called Parquet": ("table.parquet", "b'no parquet'"),
}


@pytest.mark.parametrize("kind", BAD_OUTPUTS)
def test_what_cannot_be_shown_is_told_and_fails_nothing(dagster_project: DagsterProject, kind: str) -> None:
    name, content = BAD_OUTPUTS[kind]
    script = f"import pathlib; pathlib.Path({name!r}).write_bytes({content})\n"
    pipeline = f"stages:\n  odd:\n    cmd: python odd.py\n    deps: [odd.py]\n    outs: [{name}]\n"
    write(dagster_project.root, {"dvc.yaml": pipeline, "odd.py": script})
    result = dagster_project.materialize()
    assert result.success
    assert list(metadata(materializations(result)["odd"])["not_shown"]) == [name]
    assert len(records(dagster_project)) == 1


def test_torn_metrics_are_told_in_page_and_record(dagster_project: DagsterProject) -> None:
    write(dagster_project.root, {"total.py": "open('total.json', 'w').write('{\"total\":')\n"})
    result = dagster_project.materialize()
    assert result.success
    assert list(metadata(materializations(result)["total"])["not_shown"]) == ["total.json"]
    (record,) = records(dagster_project)
    assert "unreadable" in str(record.metrics["total.json"])


def test_torn_caches_of_ours_are_made_anew(dagster_project: DagsterProject) -> None:
    first = materializations(dagster_project.materialize())
    caches = list((dagster_project.root / ".dvc/tmp/ml_assets").rglob("*.json"))
    assert caches
    for cache in caches:
        cache.write_text(cache.read_text()[:10])
    again = materializations(dagster_project.materialize())
    assert {name: metadata(each)["dvc/hashes"] for name, each in first.items()} == {
        name: metadata(each)["dvc/hashes"] for name, each in again.items()
    }


def test_when_the_step_itself_fails_no_stage_goes_on(
    dagster_project: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = "stages:\n  quick:\n    cmd: echo > q.txt\n    outs: [q.txt]\n  slow:\n    cmd: sleep 30\n"
    write(dagster_project.root, {"dvc.yaml": slow})

    def fail(**_: object) -> None:
        raise RuntimeError("a defect of ours")

    monkeypatch.setattr("ml_assets.assets.step.stage_metadata", fail)
    started = time.monotonic()
    assert not dagster_project.materialize().success
    assert time.monotonic() - started < 20
    sleeping = [each for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == ["sleep", "30"]]
    assert sleeping == []


def test_stages_that_ask_for_it_start_warm_unless_the_resource_says_otherwise(
    dagster_project: DagsterProject,
) -> None:
    root = dagster_project.root
    asks = "    meta: {dagster: {preload: [yaml]}}\n    cmd: python total.py"
    tells = "import pathlib, sys\npathlib.Path('loaded.txt').write_text(str('yaml' in sys.modules))\n"
    write(root, {"dvc.yaml": (root / "dvc.yaml").read_text().replace("    cmd: python total.py", asks)})
    write(root, {"total.py": tells + (root / "total.py").read_text()})
    for warm in (True, False):
        assert dagster_project.materialize(redo=Redo.ALL, warm=warm).success
        assert (root / "loaded.txt").read_text() == str(warm)


def test_a_partial_run_names_its_stages_and_what_is_stale(dagster_project: DagsterProject) -> None:
    dagster_project.materialize()
    write(dagster_project.root, {"data/raw/4.txt": "4"})
    dvc("add", "-q", "data/raw/4.txt", cwd=dagster_project.root)
    result = dagster_project.materialize(selection="double")
    assert list(materializations(result)) == ["double"]
    newest = records(dagster_project)[-1]
    assert newest.stages == {"double": "ran"}
    assert newest.stale == ("total",)


def test_a_second_clone_gets_the_same_bytes_from_the_remote_and_repro_runs_nothing(
    dagster_project: DagsterProject, tmp_path: Path
) -> None:
    dagster_project.materialize()
    run("git", "add", "-A", cwd=dagster_project.root)
    run("git", "commit", "-qm", "run", cwd=dagster_project.root)
    dvc("push", "-q", "data/raw.dvc", cwd=dagster_project.root)
    clone = tmp_path / "clone"
    run("git", "clone", "-q", str(dagster_project.root), str(clone), cwd=tmp_path)
    dvc("pull", "-q", cwd=clone)
    assert (clone / "total.json").read_bytes() == (dagster_project.root / "total.json").read_bytes()
    assert "didn't change" in dvc("repro", cwd=clone)
    assert run("git", "status", "--porcelain", cwd=clone).stdout == ""
