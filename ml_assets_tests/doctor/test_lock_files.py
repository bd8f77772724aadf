"""dvc.lock and .dvc files that are conflicted, torn, or unknown to Git."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.doctor.finding import Severity
from ml_assets_tests.doctor.conftest import Look
from ml_assets_tests.factories import dvc, run, write

CONFLICT = "<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> other\n"


@pytest.mark.parametrize("name", ["dvc.lock", "dvc.yaml", "data/raw.dvc", "params.yaml", "sub/dvc.lock"])
def test_marks_of_a_conflict_are_an_error(look: Look, root: Path, name: str) -> None:
    assert look("lock-conflicts") == []
    write(root, {name: CONFLICT})
    (found,) = look("lock-conflicts")
    assert (found.severity, found.where) == (Severity.ERROR, name)
    assert f"git checkout --ours -- {name}" in found.remedy


def test_a_lock_cut_at_a_line_end_is_an_error_though_dvc_reads_it(look: Look, root: Path) -> None:
    assert look("torn-lock") == []
    lock = root / "dvc.lock"
    whole = lock.read_text()
    lock.write_text(whole[: whole.index("    outs:\n", whole.index("total:"))])
    # The control: to DVC that is a stage which needs to run again, and nothing is wrong.
    assert "total" in dvc("status", cwd=root)
    (found,) = look("torn-lock")
    assert "entry of stage 'total' is cut short" in found.what
    run("sh", "-c", found.remedy.split("`")[1], cwd=root)
    assert look("torn-lock") == []


@pytest.mark.parametrize("text", ["", "stages:\n  double:\n    cm", "stages: [1"])
def test_a_lock_that_is_no_mapping_any_more_is_an_error(look: Look, root: Path, text: str) -> None:
    write(root, {"dvc.lock": text})
    (found,) = look("torn-lock")
    assert (found.severity, found.where) == (Severity.ERROR, "dvc.lock")
    run("git", "checkout", "--", "dvc.lock", cwd=root)
    assert look("torn-lock") == []


def test_a_torn_dvc_file_is_an_error_and_its_command_mends_it(look: Look, root: Path) -> None:
    write(root, {"data/raw.dvc": "outs:\n- md5: 22428a5e718ee635af0c2b1966a84318.dir\n  pa"})
    (found,) = look("torn-lock")
    assert found.where == "data/raw.dvc"
    run("sh", "-c", found.remedy.strip("`"), cwd=root)
    assert look("torn-lock") == []


def test_a_lock_that_git_ignores_is_a_warning(look: Look, root: Path) -> None:
    assert look("lock-in-git") == []
    write(root, {".gitignore": "dvc.lock\n"})
    (found,) = look("lock-in-git")
    assert found.severity is Severity.WARNING
    run("git", "rm", "-q", "--cached", "dvc.lock", cwd=root)
    (found,) = look("lock-in-git")
    assert found.severity is Severity.WARNING


def test_a_lock_that_is_not_committed_is_only_mentioned(look: Look, root: Path) -> None:
    with (root / "dvc.lock").open("a") as lock:
        lock.write("\n")
    (found,) = look("lock-in-git")
    assert found.severity is Severity.INFO
    run("sh", "-c", found.remedy.strip("`"), cwd=root)
    assert look("lock-in-git") == []


def test_outside_of_git_the_files_at_the_top_are_looked_at(look: Look, root: Path) -> None:
    run("rm", "-rf", ".git", cwd=root)
    assert look("lock-in-git") == []
    write(root, {"dvc.lock": CONFLICT})
    assert len(look("lock-conflicts")) == 1
