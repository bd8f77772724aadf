"""`ml-assets exp …`: what it prints, how it exits, and that it leaves the workspace alone until asked."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ml_assets.cli import cli
from ml_assets_tests.dvc.experiments.batches import unchanged
from ml_assets_tests.dvc.experiments.made import make_experiment
from ml_assets_tests.factories import BIN, environment, make_committed_run, run, write
from ml_assets_tests.processes import let_children_hear_ctrl_c


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_committed_run(tmp_path / "project")
    monkeypatch.chdir(root)
    return root


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["exp", *arguments])


def command(*arguments: str) -> list[str]:
    return [str(BIN / "ml-assets"), "exp", *arguments]


def test_run_tells_what_happens_shows_the_table_and_exits_by_the_worst(root: Path) -> None:
    picky = (root / "total.py").read_text() + "assert offset != 4, 'four is refused'\n"
    write(root, {"notes.txt": "mine", "total.py": picky})
    with unchanged(root):
        done = subprocess.run(
            command("run", "-S", "offset=3,4,5", "-n", "many", "-j", "2"),
            cwd=root / "data",
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 255
    assert "notes.txt: not tracked by Git" in done.stderr
    assert "many-1/total | total 15" in done.stderr
    assert "many-3: kept as" in done.stderr
    assert "1 of 3 experiments failed" in done.stderr
    assert "four is refused" in done.stderr
    shown = [line.split("│")[1].strip() for line in done.stdout.splitlines() if "│" in line]
    assert set(shown) == {"(main)", "many-1", "many-3"}


def test_dry_names_them_and_runs_none(root: Path) -> None:
    with unchanged(root):
        done = invoke("run", "--dry", "-S", "offset=3,4", "-n", "many")
    assert done.stdout.splitlines() == ["many-1 offset=3", "many-2 offset=4"]
    assert "refs/exps" not in run("git", "for-each-ref", cwd=root).stdout


def test_a_mistake_is_told_in_words_and_exits_as_dvc_does(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = invoke("run", "-S", "ofset=3")
    assert done.exit_code == 255
    assert "'ofset'" in done.stderr
    assert "params.yaml" in done.stderr
    assert "object_type" not in done.stderr
    monkeypatch.chdir(root.parent)
    assert invoke("show").exit_code == 253


def shown_names(arguments: Sequence[str]) -> list[str]:
    (group,) = json.loads(invoke("show", "--json", *arguments).stdout)
    return [each["name"] for each in group["experiments"]]


def test_show_sorts_and_speaks_json_and_csv(root: Path) -> None:
    for name, offset in {"small": 3, "large": 30}.items():
        make_experiment(root, name, {"params.yaml": f"offset: {offset}\n"})
    assert shown_names(["--sort-by", "offset"]) == ["small", "large"]
    assert shown_names(["--sort-by", "offset", "--sort-order", "desc"]) == ["large", "small"]
    (group,) = json.loads(invoke("show", "--json").stdout)
    assert group["baseline"]["metrics"] == {"total": 13}
    assert {each["name"]: each["changed"] for each in group["experiments"]}["large"] == {"offset": 30}
    rows = list(csv.DictReader(io.StringIO(invoke("show", "--csv").stdout)))
    assert {row["experiment"]: row["offset"] for row in rows} == {"": "1", "small": "3", "large": "30"}
    refused = invoke("show", "--sort-by", "auc")
    assert refused.exit_code == 255
    assert "total, offset" in refused.stderr


def test_experiments_of_other_commits_are_shown_when_asked_for(root: Path) -> None:
    make_experiment(root, "old", {"params.yaml": "offset: 3\n"})
    run("git", "commit", "-q", "--allow-empty", "-m", "further", cwd=root)
    assert "--all" in invoke("show").stderr
    assert shown_names(["--all"]) == ["old"]


def test_apply_and_promote_say_what_they_did(root: Path) -> None:
    make_experiment(root, "five", {"params.yaml": "offset: 5\n"})
    assert invoke("apply", "five").stdout == "Applied five: params.yaml\n"
    done = invoke("promote", "five")
    assert "tag experiment/five" in done.stdout
    assert run("git", "show", "experiment/five:params.yaml", cwd=root).stdout == "offset: 5\n"
    again = invoke("promote", "five")
    assert again.exit_code == 255
    assert "not promoted" in again.stderr


@pytest.mark.slow
def test_ctrl_c_stops_all_commands_and_exits_as_dvc_does(root: Path) -> None:
    let_children_hear_ctrl_c()
    write(root, {"total.py": "import time\nprint('sleeping', flush=True)\ntime.sleep(60)\n"})
    process = subprocess.Popen(
        command("run", "-S", "offset=5"), cwd=root, env=environment(), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    while "sleeping" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 252
    assert "exp show" in process.stderr.read()
    process.stderr.close()
    assert list((root / ".dvc/tmp/ml_assets/experiments").iterdir()) == []
