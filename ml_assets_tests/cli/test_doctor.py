"""`ml-assets doctor`: what people and programs see, and the exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from ml_assets.cli.hint import told
from ml_assets.dvc.errors import StageFailed
from ml_assets_tests.cli.test_commands import ml_assets
from ml_assets_tests.dvc.damage import corrupt, object_path
from ml_assets_tests.factories import BIN, environment, make_two_stages, write

ONE = "c4ca4238a0b923820dcc509a6f75849b"  # "1", as in data/raw/1.txt


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_two_stages(tmp_path / "project")


def test_warnings_are_shown_with_their_command_and_exit_with_0(root: Path) -> None:
    write(root, {".env": "DVC_NO_ANALYTICS=1\n"})
    env = {name: value for name, value in environment().items() if name != "DVC_NO_ANALYTICS"}
    command = [str(BIN / "ml-assets"), "doctor"]
    done = subprocess.run(command, cwd=root / "data", env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "warning  .env (dotenv-in-git)\n  Git does not ignore it" in done.stdout
    assert "→ `echo /.env >>.gitignore`" in done.stdout
    assert "Found: 0 errors, " in done.stdout
    # What the project's .env says counts.
    assert "dvc-telemetry" not in done.stdout


def test_an_error_exits_with_1_and_json_is_for_programs(root: Path) -> None:
    write(root, {"dvc.lock": "<<<<<<< HEAD\n"})
    done = ml_assets("doctor", "--json", cwd=root)
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert {"check", "severity", "where", "what", "remedy"} == set(found[0])
    assert "lock-conflicts" in [each["check"] for each in found if each["severity"] == "error"]


def test_the_whole_cache_is_read_when_asked_for(root: Path) -> None:
    corrupt(object_path(root, ONE))
    deep = ml_assets("doctor", "--deep", cwd=root)
    assert deep.returncode == 1
    assert "'data/raw/1.txt' of 'data/raw.dvc'" in deep.stdout


def test_outside_of_a_project_it_says_so(tmp_path: Path) -> None:
    done = ml_assets("doctor", cwd=tmp_path)
    assert done.returncode == 1
    assert "dvc init" in done.stderr


def test_errors_whose_cause_may_lie_around_the_project_point_to_it(root: Path) -> None:
    write(root, {"dvc.yaml": "stages: ["})
    assert "`ml-assets doctor` looks for the usual causes." in ml_assets("repro", cwd=root).stderr
    assert "doctor" not in told(StageFailed("train", "exit code 1"))
