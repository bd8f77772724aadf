"""`ml-assets` in a project: output, errors, exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.tracked import TrackedFolder
from ml_assets.ledger.record import IntakeDraft, Landed, Origin
from ml_assets.ledger.run_record import draft_run
from ml_assets.ledger.store import Ledger
from ml_assets_tests.factories import BIN, dvc, environment, make_two_stages, write

ORIGIN = Origin.model_validate({"actor": "me", "host": "here", "environment": {"python": "3", "digest": "0"}})


def ml_assets(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "ml-assets"), *arguments]
    return subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, check=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one intake and one run in its ledger."""
    root = make_two_stages(tmp_path / "project")
    write(root, {"pyproject.toml": '[tool.ml_assets.landing]\nbucket = "b"\n'})
    dvc("repro", "-q", cwd=root)
    ledger, raw = Ledger.open(".ml_assets/ledger", root=root), TrackedFolder(root, "data/raw")
    landed = Landed(bucket="b", key="landing/1.txt", etag="e", size=1, sha256="0" * 64, path="1.txt")
    text = raw.text() or ""
    ledger.append(lambda _: IntakeDraft(**dict(ORIGIN), landed=(landed,), dvc_files={"data/raw.dvc": text}))
    project = DvcProject(root)
    ledger.append(lambda _: draft_run(project, stages={"total": "ran", "double": "ran"}, newest=None))
    return root


def test_log_tells_each_record_in_one_line_and_stages_in_the_pipelines_order(root: Path) -> None:
    done = ml_assets("log", cwd=root / "data")
    first, second = done.stdout.splitlines()
    assert "intake" in first
    assert "1 objects landed" in first
    assert "double ran, total ran; total 13" in second


def test_log_tells_what_an_intake_did_not_take_in(root: Path) -> None:
    kept = {
        "bucket": "b",
        "key": "landing/2.txt",
        "etag": "e",
        "size": 1,
        "sha256": "0" * 64,
        "path": "2.txt",
    }
    draft = IntakeDraft.model_validate(
        {
            **dict(ORIGIN),
            "landed": [{**kept, "rows": 5, "rejected_rows": 3}],
            "quarantined": [
                {"bucket": "b", "key": "landing/3.txt", "etag": "e", "size": 1, "reason": "torn"}
            ],
            "gone": [{"bucket": "b", "key": "landing/4.txt", "how": "deleted"}],
            "drift": [{"source": "numbers", "new": ["x"]}],
        }
    )
    Ledger.open(".ml_assets/ledger", root=root).append(lambda _: draft)
    line = ml_assets("log", cwd=root).stdout.splitlines()[-1]
    told = "1 objects landed, 1 quarantined, 3 rows rejected, 1 gone upstream, schema of numbers changed"
    assert line.endswith(told)


def test_log_json_is_a_line_for_each_record_with_its_kind_and_what_landed(root: Path) -> None:
    records = [json.loads(line) for line in ml_assets("log", "--json", cwd=root).stdout.splitlines()]
    assert [record["kind"] for record in records] == ["intake", "run"]
    assert [each["key"] for each in records[0]["landed"]] == ["landing/1.txt"]
    assert records[1]["previous"] == records[0]["digest"]


def test_show_prints_one_record(root: Path) -> None:
    assert json.loads(ml_assets("show", "2", cwd=root).stdout)["metrics"] == {"total.json": {"total": 13}}


def test_a_record_that_is_not_there_is_exit_code_1_and_named(root: Path) -> None:
    done = ml_assets("show", "7", cwd=root)
    assert done.returncode == 1
    assert "7" in done.stderr
    assert "Traceback" not in done.stderr


def test_log_tells_the_newest_and_those_of_a_kind(root: Path) -> None:
    assert "double ran" in ml_assets("log", "--limit", "1", cwd=root).stdout
    assert "landed" not in ml_assets("log", "--limit", "1", cwd=root).stdout
    assert len(ml_assets("log", "--kind", "intake", cwd=root).stdout.splitlines()) == 1
    assert "No records of kind pin" in ml_assets("log", "--kind", "pin", cwd=root).stderr


def test_show_latest_is_the_newest_record_and_a_word_is_refused(root: Path) -> None:
    assert json.loads(ml_assets("show", "latest", cwd=root).stdout)["number"] == 2
    done = ml_assets("show", "last", cwd=root)
    assert done.returncode == 2
    assert "`latest`" in done.stderr


def test_an_empty_ledger_is_said_and_is_nothing_for_programs(tmp_path: Path) -> None:
    root = make_two_stages(tmp_path / "project")
    assert "No records yet" in ml_assets("log", cwd=root).stderr
    assert ml_assets("log", "--json", cwd=root).stdout == ""
    assert not (root / ".ml_assets").exists()


def test_outside_a_project_the_error_says_what_to_do(tmp_path: Path) -> None:
    done = ml_assets("log", cwd=tmp_path)
    assert done.returncode == 1
    assert "dvc init" in done.stderr


def test_a_wrong_setting_is_named_with_its_file(root: Path) -> None:
    write(root, {"pyproject.toml": '[tool.ml_assets]\nremmote = "x"\n'})
    done = ml_assets("log", cwd=root)
    assert done.returncode == 1
    assert "pyproject.toml" in done.stderr
    assert "remmote" in done.stderr


def test_reconcile_makes_raw_what_the_ledger_says(root: Path) -> None:
    raw = TrackedFolder(root, "data/raw")
    before = raw.text()
    write(root, {"data/raw/stray.txt": "9"})
    dvc("add", "-q", "data/raw", cwd=root)
    done = ml_assets("landing", "reconcile", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "record 1" in done.stdout
    assert raw.text() == before
    assert not (raw.path / "stray.txt").exists()
