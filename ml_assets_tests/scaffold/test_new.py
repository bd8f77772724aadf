"""`ml-assets new`: a fresh project in which everything works from the first minute."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_assets.ledger.store import Ledger
from ml_assets.scaffold.fresh import make_project
from ml_assets.settings import Settings
from ml_assets_tests.factories import BIN, GIT_IDENTITY, environment, run, write
from ml_assets_tests.scaffold.conftest import Command

STAGES = ["raw", "processed", "features", "model", "evaluation"]
HERE = str(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in GIT_IDENTITY.items():
            patch.setenv(name, value)
        made = make_project(tmp_path_factory.mktemp("fresh"), "wine-growers")
    assert made.uncommitted is None
    return made.root


@pytest.fixture
def project(_made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(_made, tmp_path / _made.name, symlinks=True))


def git(*arguments: str, cwd: Path) -> str:
    return run("git", *arguments, cwd=cwd).stdout


def test_everything_is_in_the_first_commit(project: Path) -> None:
    assert git("status", "--short", cwd=project) == ""
    assert git("log", "--format=%s", cwd=project) == "A pipeline of five stages\n"
    kept = set(git("ls-files", cwd=project).split())
    assert kept >= {
        ".github/workflows/ci.yml",
        ".gitignore",
        ".dvcignore",
        "workspace.yaml",
        "dvc.yaml",
        "README.md",
    }
    assert list(yaml.safe_load((project / "dvc.yaml").read_text())["stages"]) == STAGES
    assert not [name for name in kept if "@name@" in (project / name).read_text()]


def test_its_settings_push_to_a_folder_and_track_its_model(project: Path) -> None:
    settings = Settings.load(project)
    assert (settings.remote, settings.mlflow.experiment) == ("storage", "wine-growers")
    assert settings.mlflow.model == "models/model.joblib"


def test_it_tells_no_one_what_is_done_in_it(project: Path) -> None:
    assert run(BIN / "dvc", "config", "core.analytics", cwd=project).stdout.strip() == "false"
    assert yaml.safe_load((project / "dagster.yaml").read_text()) == {"telemetry": {"enabled": False}}


def test_it_passes_its_own_tests_and_our_lint(project: Path) -> None:
    # Its own configuration is what counts, and no plugin of ours.
    passed = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)
    assert "19 passed" in passed.stdout
    own = ("--isolated", "--line-length", "110", "--select", "E,F,I,UP,B,SIM,RET,PTH,ANN", "--no-cache")
    run(BIN / "ruff", "check", *own, "stages", "tests", cwd=project)
    run(
        BIN / "ruff",
        "format",
        "--isolated",
        "--line-length",
        "110",
        "--check",
        "--no-cache",
        ".",
        cwd=project,
    )


def test_its_scripts_import_nothing_of_ours(project: Path) -> None:
    """They are what plain DVC runs, and stay of use without us."""
    trees = [ast.parse(path.read_text()) for path in (project / "stages").glob("*.py")]
    names = {name.partition(".")[0] for tree in trees for node in ast.walk(tree) for name in _imported(node)}
    assert not names & {"ml_assets", "dagster", "dvc", "mlflow"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_plain_dvc_works_in_it(project: Path) -> None:
    run(BIN / "dvc", "repro", "-q", cwd=project)
    metrics = json.loads((project / "evaluation" / "metrics.json").read_text())
    assert 0.8 < metrics["accuracy"] <= 1
    assert "Data and pipelines are up to date" in run(BIN / "dvc", "status", cwd=project).stdout
    assert set(git("status", "--short", cwd=project).splitlines()) == {"?? dvc.lock", "?? evaluation/"}
    run(BIN / "dvc", "push", "-q", cwd=project)
    assert list((project / ".remote" / "files" / "md5").iterdir())
    git("add", "-A", cwd=project)
    git("commit", "-q", "-m", "run", cwd=project)
    run(BIN / "dvc", "exp", "run", "-q", "-S", "model.C=0.01", cwd=project)
    assert '"C": 0.01' in run(BIN / "dvc", "exp", "show", "--json", cwd=project).stdout
    assert "predictions.csv" in run(BIN / "dvc", "plots", "show", "--json", cwd=project).stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_dagster_materializes_it_and_mlflow_has_the_run(project: Path) -> None:
    alone = Path(shutil.copytree(project, project.parent / "by-dvc", symlinks=True))
    run(BIN / "dvc", "repro", "-q", cwd=alone)
    materialize(project)
    assert (project / "dvc.lock").read_bytes() == (alone / "dvc.lock").read_bytes()
    (record,) = Ledger.open(".ml_assets/ledger", root=project).records()
    assert list(getattr(record, "stages", ())) == sorted(STAGES)
    assert set(git("status", "--short", cwd=project).splitlines()) == {"?? dvc.lock", "?? evaluation/"}
    found = run(sys.executable, "-c", _MLFLOW, f"sqlite:///{project}/.ml_assets/mlflow.db", cwd=project)
    (tracked,) = json.loads(found.stdout.splitlines()[-1])
    assert tracked["status"] == "FINISHED"
    assert any(name.endswith("accuracy") for name in tracked["metrics"])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_each_step_of_its_ci_works(project: Path) -> None:
    ci = yaml.safe_load((project / ".github" / "workflows" / "ci.yml").read_text())
    steps = [step["run"] for step in ci["jobs"]["pipeline"]["steps"] if "run" in step]
    assert steps[0].startswith("pip install")  # which needs the network
    for step in steps[1:]:
        run("sh", "-ec", step, cwd=project, env=environment(PYTHONPATH=HERE, **ci["env"]))


def test_without_a_git_identity_it_is_staged_and_that_is_said(
    tmp_path: Path, ml_assets: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in GIT_IDENTITY:
        monkeypatch.delenv(name)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    done = ml_assets("new", "unsigned", cwd=tmp_path)
    assert done.code == 0
    assert "tell me who you are" in done.err
    assert "git -C unsigned commit" in done.err
    staged = git("status", "--short", cwd=tmp_path / "unsigned").splitlines()
    assert "A  dvc.yaml" in staged
    assert all(line.startswith("A ") for line in staged)


@pytest.mark.parametrize("name", ["", "1st", "-x", "a/b", "..", "wine growers", "größe", "a" * 65])
def test_a_name_that_no_package_could_have_is_refused(tmp_path: Path, ml_assets: Command, name: str) -> None:
    done = ml_assets("new", "--", name, cwd=tmp_path)
    assert done.code == 1
    assert "cannot be the name of a project" in done.err
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_is_left_alone(tmp_path: Path, ml_assets: Command) -> None:
    write(tmp_path, {"taken/notes.txt": "mine"})
    done = ml_assets("new", "taken", cwd=tmp_path)
    assert done.code == 1
    assert str(tmp_path / "taken") in done.err
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["notes.txt"]


def test_a_machine_without_git_hears_it(tmp_path: Path) -> None:
    bare = environment(PATH=str(BIN))
    done = subprocess.run(
        [BIN / "ml-assets", "new", "alone"],
        cwd=tmp_path,
        env=bare,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "'git' is not installed" in done.stderr
    assert "Traceback" not in done.stderr


def materialize(project: Path) -> None:
    """The command that `ml-assets new` prints."""
    command = ("dagster", "asset", "materialize", "--select", "*", "-f", "ml_assets_definitions.py")
    run(*command, cwd=project, env=environment(PYTHONPATH=HERE))


_MLFLOW = """
import json, sys
import mlflow
runs = mlflow.MlflowClient(sys.argv[1]).search_runs(["1"])
print(json.dumps([{"status": run.info.status, "metrics": run.data.metrics} for run in runs]))
"""


def _imported(node: Any) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
