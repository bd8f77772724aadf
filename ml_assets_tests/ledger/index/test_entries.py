"""What is read out of the locks of a run record."""

from __future__ import annotations

import yaml

from ml_assets.ledger.index.entries import entries_of
from ml_assets.ledger.record import OutputRecord, RunRecord, StageCode
from ml_assets_tests.ledger.drafts import a_run, chained

HASH = "3a0c4f5cc6bddae44d0086181394b1b4"


def lock(*, dep: str = "in.txt", out: str = "out.txt", name: str = "make") -> str:
    entry = {
        "cmd": "make",
        "deps": [{"path": dep, "hash": "md5", "md5": HASH}],
        "outs": [{"path": out, "hash": "md5", "md5": HASH, "size": 1}],
    }
    return yaml.safe_dump({"schema": "2.0", "stages": {name: entry}}, sort_keys=False)


def a_record(**fields: object) -> RunRecord:
    (record,) = chained(a_run(**fields))
    assert isinstance(record, RunRecord)
    return record


def made(path: str, stage: str = "make") -> OutputRecord:
    return OutputRecord(path=path, stage=stage, md5=HASH, size=1)


def paths(record: RunRecord) -> dict[str, tuple[str, str]]:
    return {
        entry.stage: (entry.locked.deps[0].path, entry.locked.outs[0].path) for entry in entries_of(record)
    }


def test_a_nested_lock_has_the_manifests_names_and_paths_from_the_root() -> None:
    name = "sub/dvc.yaml:make"
    record = a_record(dvc_files={"sub/dvc.lock": lock()}, outputs=[made("sub/out.txt", name)])
    assert paths(record) == {name: ("sub/in.txt", "sub/out.txt")}


def test_a_working_directory_is_found_by_the_outputs() -> None:
    record = a_record(dvc_lock=lock(dep="../in.txt"), outputs=[made("far/away/out.txt")])
    assert paths(record) == {"make": ("far/in.txt", "far/away/out.txt")}


def test_stages_that_no_pipeline_has_any_more_are_left_out() -> None:
    record = a_record(dvc_lock=lock(), code={"other": StageCode(digest="x")}, stages={"other": "ran"})
    assert paths(record) == {}


def test_an_older_record_that_names_no_stage_counts_with_all_of_them() -> None:
    assert paths(a_record(dvc_lock=lock())) == {"make": ("in.txt", "out.txt")}


def test_a_lock_in_another_form_says_the_same() -> None:
    plain = a_record(dvc_lock=lock())
    commented = a_record(dvc_lock="# by hand\n" + lock())
    assert [each.digest for each in entries_of(plain)] == [each.digest for each in entries_of(commented)]
