"""What makes an asset's code version another one, and what does not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ml_assets.assets.code_version import code_version
from ml_assets.dvc.manifest import Manifest, Output, Stage
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.dvc.code_projects import a_manifest, a_stage
from ml_assets_tests.factories import write

FILES = {
    "fit.py": "import lib.helper\nopen('data/rows.csv')\n",
    "lib/__init__.py": "",
    "lib/helper.py": "FACTOR = 2\n",
    "lib/unread.py": "",
    "conf/settings.py": "",
    "conf/more/query.sql": "",
    "conf/table.csv": "1\n",
    "data/rows.csv": "1\n",
    "made.py": "",
    "params.yaml": "depth: 3\nunread: 1\n",
}
PARAMS = {"params.yaml": ("depth",)}
STAGE = a_stage("python fit.py", deps=("fit.py", "conf", "data"), params=PARAMS)


@pytest.fixture
def version(tmp_path: Path) -> Callable[[], str]:
    write(tmp_path, FILES)
    return lambda: version_of(tmp_path, STAGE)


def version_of(root: Path, stage: Stage) -> str:
    manifest = a_manifest(stage, a_stage("", outs=("made.py",), name="maker"), tracked=("data",))
    return code_version(DvcProject(root), manifest, stage)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("fit.py", "import lib.helper\nprint()\n"),
        ("lib/helper.py", "FACTOR = 3\n"),
        ("lib/__init__.py", "import lib.unread\n"),
        ("conf/settings.py", "X = 1\n"),
        ("conf/more/query.sql", "select 1"),
        ("params.yaml", "depth: 4\nunread: 1\n"),
        ("lib/helper/__init__.py", "FACTOR = 2\n"),
    ],
)
def test_code_reached_or_declared_and_tracked_params_change_it(
    file: str, text: str, version: Callable[[], str], tmp_path: Path
) -> None:
    before = version()
    write(tmp_path, {file: text})
    assert version() != before


def test_what_a_stage_neither_reaches_nor_declares_changes_nothing(
    version: Callable[[], str], tmp_path: Path
) -> None:
    before = version()
    for file in FILES:
        os.utime(tmp_path / file, (1, 1))
    write(tmp_path, {"lib/helper.py": FILES["lib/helper.py"], "params.yaml": "unread: 2\ndepth: 3\n"})
    write(tmp_path, {"lib/unread.py": "x", "data/rows.csv": "2\n", "conf/table.csv": "2\n", "made.py": "x"})
    write(tmp_path, {"lib/__pycache__/helper.cpython-311.pyc": "x", "new.py": "x"})
    assert version() == before


def test_the_command_and_its_directory_change_it(version: Callable[[], str], tmp_path: Path) -> None:
    others = [
        a_stage("python fit.py -v", deps=STAGE.deps),
        a_stage("python fit.py", deps=STAGE.deps, wdir="lib"),
    ]
    assert len({version(), *(version_of(tmp_path, other) for other in others)}) == 3


def test_a_params_file_in_python_counts_by_its_declared_keys(tmp_path: Path) -> None:
    write(tmp_path, {"fit.py": "import params\n", "params.py": "A = 1\nB = 1\n"})
    by_key = a_stage("python fit.py", params={"params.py": ("A",)})
    undeclared = a_stage("python fit.py")
    before = version_of(tmp_path, by_key), version_of(tmp_path, undeclared)
    write(tmp_path, {"params.py": "A = 1\nB = 2\n"})
    after = version_of(tmp_path, by_key), version_of(tmp_path, undeclared)
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_a_strict_stage_follows_the_environment(tmp_path: Path) -> None:
    write(tmp_path, {"fit.py": "", "uv.lock": "one"})
    strict = a_stage("python fit.py", meta={"dagster": {"environment": "strict"}})
    loose = a_stage("python fit.py")
    before = version_of(tmp_path, strict), version_of(tmp_path, loose)
    write(tmp_path, {"uv.lock": "two"})
    assert version_of(tmp_path, strict) != before[0]
    assert version_of(tmp_path, loose) == before[1]


def test_outputs_of_other_stages_are_data_even_when_they_are_python(tmp_path: Path) -> None:
    write(tmp_path, {"fit.py": "import made\n", "made.py": "1\n"})
    stage = a_stage("python fit.py")
    maker = Stage("maker", "dvc.yaml", ".", ("true",), (), {}, (Output("made.py"),))
    manifest = Manifest((maker, stage), ())
    before = code_version(DvcProject(tmp_path), manifest, stage)
    write(tmp_path, {"made.py": "2\n"})
    assert code_version(DvcProject(tmp_path), manifest, stage) == before
