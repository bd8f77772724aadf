"""`ml-assets deps` in a project whose script imports a helper, beside what plain DVC makes of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ml_assets_tests.cli.test_commands import ml_assets
from ml_assets_tests.factories import dvc, make_project, write

PIPELINE = """\
stages:
  say:
    cmd: python say.py   # imports helper.py
    deps:
      - say.py
    outs:
      - said.txt
"""
FILES = {
    "dvc.yaml": PIPELINE,
    "say.py": "import helper, pathlib\npathlib.Path('said.txt').write_text(helper.WORD)\n",
    "helper.py": "WORD = 'old'\n",
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("deps") / "project", FILES)


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "project"))


def test_an_edited_helper_reaches_dvc_once_it_is_written_into_deps(root: Path) -> None:
    said = root / "said.txt"
    dvc("repro", "-q", cwd=root)
    write(root, {"helper.py": "WORD = 'fresh'\n"})
    # The control: DVC calls the stage up to date, and without dvc.lock takes the old helper's output
    # out of its run cache.
    assert "up to date" in dvc("repro", cwd=root)
    (root / "dvc.lock").unlink()
    said.unlink()
    dvc("repro", "-q", cwd=root)
    assert said.read_text() == "old"

    done = ml_assets("deps", "--write", cwd=root)
    assert done.returncode == 0, done.stderr
    assert (root / "dvc.yaml").read_text() == PIPELINE.replace("- say.py\n", "- say.py\n      - helper.py\n")

    dvc("repro", "-q", cwd=root)
    assert said.read_text() == "fresh"
    (root / "dvc.lock").unlink()
    write(root, {"helper.py": "WORD = 'newer'\n"})
    dvc("repro", "-q", cwd=root)
    assert said.read_text() == "newer"


def test_check_fails_with_what_is_missing_and_nothing_is_written(root: Path) -> None:
    shown = ml_assets("deps", cwd=root)
    assert (shown.returncode, shown.stdout) == (0, "say: 1 missing in dvc.yaml\n  + helper.py\n")
    checked = ml_assets("deps", "--check", "say", cwd=root)
    assert checked.returncode == 1
    assert "helper.py" in checked.stdout
    assert "ml-assets deps --write" in checked.stderr
    assert (root / "dvc.yaml").read_text() == PIPELINE
    (found,) = json.loads(ml_assets("deps", "--json", cwd=root).stdout)
    assert (found["stage"], found["file"], found["missing"]) == ("say", "dvc.yaml", ["helper.py"])
    write(root, {"dvc.yaml": PIPELINE.replace("- say.py\n", "- say.py\n      - helper.py\n")})
    done = ml_assets("deps", "--check", cwd=root)
    assert (done.returncode, done.stdout) == (0, "")


def test_an_unknown_stage_is_told_with_the_known_ones(root: Path) -> None:
    done = ml_assets("deps", "sya", cwd=root)
    assert done.returncode == 1
    assert "no stage 'sya'" in done.stderr
    assert "say" in done.stderr
