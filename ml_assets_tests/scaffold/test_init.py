"""`ml-assets init`: what it writes, what it leaves alone, and what it says."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from ml_assets.settings import Settings
from ml_assets_tests.factories import BIN, dvc, environment, make_project, run, write
from ml_assets_tests.scaffold.conftest import Command

ADDED = ["ml_assets_definitions.py", "workspace.yaml"]
MATERIALIZE = "dagster asset materialize --select '*' -f ml_assets_definitions.py"


def status(root: Path) -> list[str]:
    """Git's words: ` M file` changed, `?? file` new."""
    return run("git", "status", "--short", "--untracked-files=all", cwd=root).stdout.splitlines()


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file of the repository, Git's own included; but for DVC's temporary ones."""
    files = (
        path for path in root.rglob("*") if path.is_file() and not path.is_relative_to(root / ".dvc/tmp")
    )
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def load_from(root: Path) -> list[dict[str, dict[str, str]]]:
    entries: list[dict[str, dict[str, str]]] = yaml.safe_load((root / "workspace.yaml").read_text())[
        "load_from"
    ]
    return entries


def test_new_files_are_all_that_git_sees(root: Path, ml_assets: Command) -> None:
    done = ml_assets("init", cwd=root)
    assert done.code == 0, done.err
    assert status(root) == [f"?? {name}" for name in (".ml_assets/.gitignore", "ml_assets.toml", *ADDED)]
    assert load_from(root)[0]["python_file"]["location_name"] == "numbers"
    assert done.out.splitlines()[-3:] == ["Now run:", "  dagster dev", f"  {MATERIALIZE}"]
    assert "Assets: 2 from stages, 1 from tracked paths." in done.out


def test_what_runs_leave_behind_is_not_seen_by_git(root: Path, ml_assets: Command) -> None:
    ml_assets("init", cwd=root)
    before = status(root)
    left = (
        ".ml_assets/ledger/records/1.json",
        ".tmp_dagster_home_x/a",
        "__pycache__/b.pyc",
        "data/.tmp_dagster_home_y/a",
    )
    write(root, dict.fromkeys(left, ""))
    assert status(root) == before
    assert not (root / ".gitignore").exists()


def test_a_second_time_changes_nothing_and_says_so(root: Path, ml_assets: Command) -> None:
    ml_assets("init", cwd=root)
    before = snapshot(root)
    done = ml_assets("init", cwd=root)
    assert done.code == 0
    assert "already; nothing was changed" in done.out
    assert MATERIALIZE in done.out
    assert snapshot(root) == before


def test_what_people_made_of_it_stays_theirs(root: Path, ml_assets: Command) -> None:
    ml_assets("init", cwd=root)
    theirs = {
        "ml_assets_definitions.py": "import ml_assets\ndefs = ...\n",
        "workspace.yaml": "load_from:\n  - python_file: a.py\n  - python_file: ml_assets_definitions.py\n",
        "ml_assets.toml": 'ledger = "s3://bucket/ledger"\n',
    }
    write(root, theirs)
    assert "nothing was changed" in ml_assets("init", cwd=root).out
    assert {name: (root / name).read_text() for name in theirs} == theirs


def test_a_dry_run_shows_each_line_and_writes_none(root: Path, ml_assets: Command) -> None:
    before = snapshot(root)
    shown = ml_assets("init", "--dry-run", cwd=root)
    assert (shown.code, shown.err) == (0, "Nothing was written.\n")
    assert snapshot(root) == before
    ml_assets("init", cwd=root)
    added = [
        line.removeprefix("+")
        for line in shown.out.splitlines()
        if line.startswith("+") and line[1:3] != "++"
    ]
    written = ["workspace.yaml", "ml_assets_definitions.py", "ml_assets.toml", ".ml_assets/.gitignore"]
    lines = [line for name in written for line in (root / name).read_text().splitlines()]
    assert added == [*lines, ".tmp_dagster_home_*/", "__pycache__/"]


@pytest.mark.parametrize("taken", ["workspace.yaml", "workspace.yml", "ml_assets_definitions.py"])
def test_a_file_of_that_name_is_never_overwritten(root: Path, ml_assets: Command, taken: str) -> None:
    write(root, {taken: "load_from: []\n"})
    before = snapshot(root)
    done = ml_assets("init", cwd=root)
    assert done.code == 1
    assert f"'{root / taken}' exists already" in done.err
    assert snapshot(root) == before


def test_the_remedy_for_a_workspace_of_theirs_works(root: Path, ml_assets: Command) -> None:
    write(root, {"workspace.yaml": "load_from:\n  - python_file: other.py\n"})
    said = ml_assets("init", cwd=root).err
    with (root / "workspace.yaml").open("a") as file:
        file.write(said[said.index("  - python_file") :])
    assert ml_assets("init", cwd=root).code == 0
    assert [list(entry) for entry in load_from(root)] == [["python_file"]] * 2


def test_a_write_that_fails_takes_back_those_before_it(root: Path, ml_assets: Command) -> None:
    write(root, {".ml_assets": "in the way of a folder", "pyproject.toml": "[project]\nname = 'x'\n"})
    before = snapshot(root)
    done = ml_assets("init", cwd=root)
    assert done.code == 1
    assert f"'{root / '.ml_assets' / '.gitignore'}' could not be written" in done.err
    assert snapshot(root) == before


@pytest.mark.parametrize(
    "text",
    [
        '[project]\nname = "x" # a comment',
        '[project]\r\nname = "x"\r\n[tool.black]\r\nline-length = 90\r\n',
        "",
        '[[tool.uv.index]]\nname = "i"\n\n\n',
        "tool.ruff.line-length = 90\n",
    ],
    ids=["no newline at the end", "windows line ends", "empty", "array of tables", "dotted keys"],
)
def test_pyproject_keeps_every_byte_and_gets_a_table_at_its_end(
    root: Path, ml_assets: Command, text: str
) -> None:
    path = root / "pyproject.toml"
    path.write_bytes(text.encode())
    assert ml_assets("init", cwd=root).code == 0
    after = path.read_bytes()
    assert after.startswith(text.encode())
    assert tomllib.loads(after.decode())["tool"]["ml_assets"] == {"remote": ""}
    assert after.count(b"\r\n") in (0, after.count(b"\n"))
    assert not (root / "ml_assets.toml").exists()


@pytest.mark.parametrize("reads", ["deps: [pyproject.toml]", "params: [{pyproject.toml: null}]"])
def test_a_pyproject_that_a_stage_reads_stays_as_it_is(root: Path, ml_assets: Command, reads: str) -> None:
    stage = f"  packed:\n    cmd: cp pyproject.toml packed.toml\n    {reads}\n    outs: [packed.toml]\n"
    write(
        root,
        {"dvc.yaml": (root / "dvc.yaml").read_text() + stage, "pyproject.toml": '[project]\nname = "n"\n'},
    )
    dvc("repro", "-q", cwd=root)
    assert ml_assets("init", cwd=root).code == 0
    assert (root / "ml_assets.toml").exists()
    assert "up to date" in dvc("status", cwd=root)


def test_where_no_table_can_be_added_the_settings_get_a_file_of_their_own(
    root: Path, ml_assets: Command
) -> None:
    text = "tool = {}\n"  # which TOML forbids to extend
    write(root, {"pyproject.toml": text})
    assert ml_assets("init", cwd=root).code == 0
    assert (root / "pyproject.toml").read_text() == text
    assert Settings.load(root).remote == ""


@pytest.mark.parametrize("content", [b"[project\n", b"# \xff\n"], ids=["no TOML", "no UTF-8"])
def test_a_broken_pyproject_is_named_and_nothing_is_written(
    root: Path, ml_assets: Command, content: bytes
) -> None:
    (root / "pyproject.toml").write_bytes(content)
    before = snapshot(root)
    done = ml_assets("init", cwd=root)
    assert done.code == 1
    assert str(root / "pyproject.toml") in done.err
    assert snapshot(root) == before


def test_wrong_settings_that_are_there_are_named_first(root: Path, ml_assets: Command) -> None:
    write(root, {"pyproject.toml": "[tool.ml_assets]\nremmote = 1\n"})
    done = ml_assets("init", cwd=root)
    assert done.code == 1
    assert "remmote" in done.err
    assert not (root / "workspace.yaml").exists()


def test_nothing_is_pushed_unless_a_remote_is_named(root: Path, ml_assets: Command) -> None:
    assert "Runs push nothing" in ml_assets("init", cwd=root).out
    assert 'the default here is "store"' in (root / "ml_assets.toml").read_text()
    assert Settings.load(root).remote == ""


def test_the_remote_of_the_option_is_the_one_that_runs_push_to(root: Path, ml_assets: Command) -> None:
    done = ml_assets("init", "--remote", "store", cwd=root)
    assert "Runs push nothing" not in done.out
    assert Settings.load(root).remote == "store"
    assert ml_assets("init", "--remote", "store", cwd=root).code == 0
    other = ml_assets("init", "--remote", "", cwd=root)
    assert other.code == 1
    assert 'Set `remote = ""`' in other.err


def test_a_misspelt_remote_is_named_and_nothing_is_written(root: Path, ml_assets: Command) -> None:
    done = ml_assets("init", "--remote", "stroe", cwd=root)
    assert done.code == 1
    assert "stroe" in done.err
    assert "store" in done.err
    assert not (root / "workspace.yaml").exists()


def test_from_a_subfolder_the_files_go_to_the_root_and_the_way_there_is_said(
    root: Path, ml_assets: Command
) -> None:
    done = ml_assets("init", cwd=root / "data")
    assert (root / "workspace.yaml").exists()
    assert "  cd .." in done.out.splitlines()


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("Zahlen & Maße (v2)", "Zahlen_Maße_v2"),
        ("数", "数"),
        ("-- ", "--"),
        ("'\"$", "dvc"),
        ("true", "true"),
    ],
)
def test_any_folder_name_makes_a_name_that_yaml_keeps(
    root: Path, ml_assets: Command, folder: str, name: str
) -> None:
    odd = root.rename(root.parent / folder)
    assert ml_assets("init", cwd=odd).code == 0
    assert load_from(odd)[0]["python_file"]["location_name"] == name


def test_dvc_in_a_subfolder_of_git(tmp_path: Path, ml_assets: Command) -> None:
    top = tmp_path / "mono"
    sub = top / "team" / "model"
    sub.mkdir(parents=True)
    run("git", "init", "-q", cwd=top)
    dvc("init", "-q", "--subdir", cwd=sub)
    write(sub, {"dvc.yaml": "stages:\n  a:\n    cmd: echo 1 > a\n    outs: [a]\n"})
    run("git", "add", "-A", cwd=top)
    run("git", "commit", "-q", "-m", "start", cwd=top)
    done = ml_assets("init", cwd=sub)
    assert done.code == 0, done.err
    new = (".ml_assets/.gitignore", "ml_assets.toml", *ADDED)
    assert status(top) == [f"?? team/model/{name}" for name in new]
    write(sub, {".tmp_dagster_home_x/a": "", ".ml_assets/ledger/1.json": ""})
    assert len(status(top)) == len(new)


def test_without_git_and_with_several_pipelines(tmp_path: Path, ml_assets: Command) -> None:
    dvc("init", "-q", "--no-scm", cwd=tmp_path)
    stage = "stages:\n  a:\n    cmd: echo 1 > a\n    outs: [a]\n"
    write(tmp_path, {"one/dvc.yaml": stage, "two/dvc.yaml": stage})
    done = ml_assets("init", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "Assets: 2 from stages" in done.out
    assert not (tmp_path / ".ml_assets").exists()


def test_a_repository_without_stages_is_adopted_and_told(tmp_path: Path, ml_assets: Command) -> None:
    root = make_project(tmp_path / "empty", {"dvc.yaml": "stages: {}\n"})
    done = ml_assets("init", cwd=root)
    assert done.code == 0, done.err
    assert "There is no stage yet" in done.out
    assert "materialize" not in done.out


def test_without_any_pipeline_the_error_says_how_to_begin(tmp_path: Path, ml_assets: Command) -> None:
    root = make_project(tmp_path / "bare", {"README.md": "Nothing yet.\n"})
    done = ml_assets("init", cwd=root)
    assert done.code == 1
    assert "dvc stage add" in done.err
    assert status(root) == []


def test_a_pipeline_that_dvc_refuses_is_not_adopted(root: Path, ml_assets: Command) -> None:
    write(root, {"dvc.yaml": "stages: [\n"})
    done = ml_assets("init", cwd=root)
    assert done.code == 1
    assert "dvc.yaml" in done.err
    assert not (root / "workspace.yaml").exists()


def test_outside_of_a_repository_it_exits_as_dvc_does(tmp_path: Path, ml_assets: Command) -> None:
    done = ml_assets("init", cwd=tmp_path)
    by_dvc = subprocess.run(
        [BIN / "dvc", "status"], cwd=tmp_path, env=environment(), capture_output=True, check=False
    )
    assert done.code == by_dvc.returncode == 253
    assert "dvc init" in done.err


def test_a_dagster_that_does_not_load_is_said(root: Path, tmp_path: Path) -> None:
    write(tmp_path, {"broken/dagster_webserver.py": "raise ImportError('half installed')\n"})
    env = environment(PYTHONPATH=f"{tmp_path / 'broken'}:{Path(__file__).parents[2]}")
    done = subprocess.run(
        [BIN / "ml-assets", "init"], cwd=root, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "half installed" in done.stderr
    assert "pip install dagster" in done.stderr
    assert not (root / "workspace.yaml").exists()
