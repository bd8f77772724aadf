"""A record holds the state of nested pipelines too: each dvc.lock counts."""

from __future__ import annotations

from pathlib import Path

from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets.ledger.record import RunRecord
from ml_assets.ledger.run_record import draft_run, is_recorded, unpushed_sources
from ml_assets.ledger.store import Ledger
from ml_assets_tests.factories import make_project, write

NESTED = {
    "sub/dvc.yaml": "stages: {make: {cmd: cat in.txt > out.txt, deps: [in.txt], outs: [out.txt]}}\n",
    "sub/in.txt": "one\n",
}


def record(project: DvcProject, ledger: Ledger) -> RunRecord:
    list(run_stages(project, ["sub/dvc.yaml:make"]))
    appended = ledger.append(lambda _: draft_run(project, stages={"sub/dvc.yaml:make": "ran"}, newest=None))
    assert isinstance(appended, RunRecord)
    return appended


def test_a_change_in_a_nested_lock_is_recorded(tmp_path: Path) -> None:
    project = DvcProject(make_project(tmp_path / "project", NESTED))
    ledger = Ledger.open("ledger", root=tmp_path)
    first = record(project, ledger)
    assert first.dvc_files == {"sub/dvc.lock": (project.root / "sub/dvc.lock").read_text()}
    assert is_recorded(project, first)
    write(project.root, {"sub/in.txt": "two\n"})
    list(run_stages(project, ["sub/dvc.yaml:make"]))
    assert not is_recorded(project, first)
    assert unpushed_sources(project, [first.dvc_files]) == ()
