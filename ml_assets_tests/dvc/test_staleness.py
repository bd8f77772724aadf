"""Code that DVC does not look at: an edit makes the stage run, and nobody gets what the old code made."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from ml_assets.dvc.errors import DependencyChanged
from ml_assets.dvc.events import Outcome, StageFinished, StageLine
from ml_assets.dvc.fetching import Fetching
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.run_cache import push_results
from ml_assets.dvc.runner import run_stages
from ml_assets_tests.factories import dvc, make_project, run, write

PIPELINE = """\
stages:
  made:
    cmd: python make.py
    deps: [make.py, data.txt]
    outs: [made.txt]
    metrics: [{size.json: {cache: false}}]
  after:
    cmd: cat made.txt > after.txt
    deps: [made.txt]
    outs: [after.txt]
"""
MAKE = """\
import json, pathlib
from words import word
text = word() + pathlib.Path("data.txt").read_text()
pathlib.Path("made.txt").write_text(text)
pathlib.Path("size.json").write_text(json.dumps({"size": len(text)}))
"""
WORDS = "def word():\n    return 'old'\n"
ALL = ("made", "after")
UNCHANGED = dict.fromkeys(ALL, Outcome.UNCHANGED)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose stages have run and are pushed; words.py is in no deps."""
    files = {
        "dvc.yaml": PIPELINE,
        "make.py": MAKE,
        "words.py": WORDS,
        "data.txt": "x\n",
        ".gitignore": "__pycache__\n",
    }
    root = make_project(tmp_path_factory.mktemp("ran") / "project", files)
    assert outcomes(root) == dict.fromkeys(ALL, Outcome.RAN)
    push_results(DvcProject(root), ALL, remote=None)
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-qm", "ran", cwd=root)
    return root


@pytest.fixture
def root(ran: Path, tmp_path: Path) -> Path:
    shutil.copytree(ran.parent / "project-remote", tmp_path / "project-remote")
    return Path(shutil.copytree(ran, tmp_path / "project", symlinks=True))


def events(root: Path, *, fetching: Fetching | None = None) -> list[object]:
    return list(run_stages(DvcProject(root), ALL, fetching=fetching))


def outcomes(root: Path, *, fetching: Fetching | None = None) -> dict[str, Outcome]:
    found = events(root, fetching=fetching)
    return {event.stage: event.outcome for event in found if isinstance(event, StageFinished)}


def edit(root: Path, word: str = "new") -> None:
    write(root, {"words.py": WORDS.replace("old", word)})


def test_an_edited_helper_runs_the_stage_and_says_why(root: Path) -> None:
    assert outcomes(root) == UNCHANGED
    edit(root)
    found = events(root)
    assert [each.outcome for each in found if isinstance(each, StageFinished)] == [Outcome.RAN, Outcome.RAN]
    assert any("words.py" in each.text for each in found if isinstance(each, StageLine))
    assert (root / "made.txt").read_text() == "newx\n"
    assert outcomes(root) == UNCHANGED


def test_plain_dvc_calls_it_up_to_date_and_restores_the_old_helpers_output(root: Path) -> None:
    """The control of the test above."""
    dvc("repro", "-q", "-f", cwd=root)
    edit(root)
    assert "didn't change, skipping" in dvc("repro", cwd=root)
    (root / "dvc.lock").unlink()
    (root / "made.txt").unlink()
    dvc("repro", "-q", cwd=root)
    assert (root / "made.txt").read_text() == "oldx\n"


def test_what_dvc_kept_of_an_old_helper_is_never_restored(root: Path) -> None:
    dvc("repro", "-q", "-f", cwd=root)
    edit(root)
    (root / "dvc.lock").unlink()
    assert outcomes(root)["made"] is Outcome.RAN
    assert (root / "made.txt").read_text() == "newx\n"


def test_a_helper_that_changes_nothing_runs_its_stage_and_no_other(root: Path) -> None:
    write(root, {"words.py": WORDS + "# a comment\n"})
    assert outcomes(root) == {"made": Outcome.RAN, "after": Outcome.UNCHANGED}


def test_the_same_bytes_again_and_an_unread_module_run_nothing(root: Path) -> None:
    assert outcomes(root) == UNCHANGED
    (root / "words.py").unlink()
    write(root, {"words.py": WORDS, "unread.py": "import words\n"})
    (root / "make.py").touch()
    assert outcomes(root) == UNCHANGED


def test_going_back_to_the_old_helper_does_not_take_the_new_ones_result(root: Path) -> None:
    edit(root)
    outcomes(root)
    edit(root, "old")
    assert outcomes(root)["made"] is Outcome.RAN
    assert (root / "made.txt").read_text() == "oldx\n"


def test_an_edit_to_the_same_size_within_a_second_is_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python would take the bytecode of the first of two such edits for the second's."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    write(root, {"words.py": WORDS.replace("old", "odd")})
    outcomes(root)
    time.sleep(1.1 - time.time() % 1)
    for word in ("one", "two"):
        write(root, {"words.py": WORDS.replace("old", word)})
        outcomes(root)
        assert (root / "made.txt").read_text() == f"{word}x\n"


def test_a_repository_that_dvc_ran_is_taken_as_it_is_and_watched_from_then_on(tmp_path: Path) -> None:
    files = {"dvc.yaml": PIPELINE, "make.py": MAKE, "words.py": WORDS, "data.txt": "x\n"}
    root = make_project(tmp_path / "project", files)
    dvc("repro", "-q", cwd=root)
    assert outcomes(root) == UNCHANGED
    edit(root)
    assert outcomes(root)["made"] is Outcome.RAN


def test_a_changed_environment_counts_where_the_stage_is_strict(root: Path) -> None:
    strict = PIPELINE.replace(
        "    outs: [made.txt]\n", "    outs: [made.txt]\n    meta: {dagster: {environment: strict}}\n"
    )
    write(root, {"dvc.yaml": strict, "requirements.txt": "numpy==1.0\n"})
    outcomes(root)
    assert outcomes(root) == UNCHANGED
    write(root, {"requirements.txt": "numpy==2.0\n"})
    assert outcomes(root) == {"made": Outcome.RAN, "after": Outcome.UNCHANGED}


def test_a_helper_edited_under_a_running_stage_is_refused(root: Path) -> None:
    meddling = MAKE + "pathlib.Path('words.py').write_text(\"def word():\\n    return 'late'\\n\")\n"
    write(root, {"make.py": meddling})
    with pytest.raises(DependencyChanged, match=r"words\.py"):
        outcomes(root)
    write(root, {"make.py": MAKE})
    assert outcomes(root)["made"] is Outcome.RAN
    assert (root / "made.txt").read_text() == "latex\n"


def clone(root: Path) -> Path:
    """A second machine with the same remote."""
    target = root.with_name("second")
    run("git", "clone", "-q", root, target, cwd=root.parent)
    return target


def test_a_cold_clone_restores_what_the_same_code_made(root: Path) -> None:
    second = clone(root)
    assert outcomes(second, fetching=Fetching(None)) == dict.fromkeys(ALL, Outcome.RESTORED)
    assert (second / "size.json").read_text() == (root / "size.json").read_text()
    assert (second / "dvc.lock").read_bytes() == (root / "dvc.lock").read_bytes()


@pytest.mark.parametrize("lock", ["with", "without"])
def test_a_cold_clone_with_another_helper_never_gets_the_old_ones_output(root: Path, lock: str) -> None:
    second = clone(root)
    edit(second)
    if lock == "without":
        (second / "dvc.lock").unlink()
    assert outcomes(second, fetching=Fetching(None))["made"] is Outcome.RAN
    assert (second / "after.txt").read_text() == "newx\n"


def test_what_nobody_vouches_for_is_not_restored(tmp_path: Path) -> None:
    """A result that plain DVC pushed may be any code's."""
    files = {
        "dvc.yaml": PIPELINE,
        "make.py": MAKE,
        "words.py": WORDS,
        "data.txt": "x\n",
        ".gitignore": "__pycache__\n",
    }
    root = make_project(tmp_path / "project", files)
    dvc("repro", "-q", cwd=root)
    dvc("push", "-q", "--run-cache", cwd=root)
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-qm", "ran", cwd=root)
    second = clone(root)
    edit(second)
    assert outcomes(second, fetching=Fetching(None))["made"] is Outcome.RAN
    assert (second / "made.txt").read_text() == "newx\n"
