"""What stages reach and do not declare is found, and written into their dvc.yaml so that DVC sees it too."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ml_assets.dvc.deps_file import StageDeps, inspect_deps, write_deps
from ml_assets.dvc.errors import DepsNotWritable, UnknownStage
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.factories import dvc, make_project, write

PIPELINE = """\
# The whole of it
stages:
  plain:
    cmd: python plain.py   # no deps yet
    outs: [plain.txt]

  each:
    foreach: [a, b]
    do:
      cmd: python each.py ${item}
      deps:
      - ${item}.in   # templated
      - plain.txt
      outs:
      - ${item}.txt
  grid:
    matrix: {n: [1, 2]}
    cmd: python -m lib.grid ${item.n}
    deps: [lib]
    outs: ["${item.n}.grid"]
  inside:
    wdir: sub
    cmd: python inside.py
    deps:
      - inside.py
      - gone.py
      - unread.py
    outs:
      - inside.txt
"""
NESTED = 'stages: {deep: {cmd: python deep.py, deps: ["deep.py"], outs: [deep.txt]}}\n'
OUT = "import pathlib, sys, lib.names as n\npathlib.Path(n.out(sys.argv)).write_text('x')\n"
FILES = {
    "dvc.yaml": PIPELINE,
    "sub/deep/dvc.yaml": NESTED,
    "sub/deep/deep.py": "import beside\nopen('deep.txt', 'w')\n",
    "sub/deep/beside.py": "",
    "lib/__init__.py": "",
    "lib/names.py": "def out(argv): return (argv[1:] or ['plain'])[0] + '.txt'\n",
    "lib/grid.py": "import sys\nopen(sys.argv[1] + '.grid', 'w')\n",
    "plain.py": OUT,
    "each.py": OUT,
    "a.in": "",
    "b.in": "",
    "sub/inside.py": "import near\nopen('inside.txt', 'w')\n",
    "sub/near.py": "",
    "sub/unread.py": "",
}
LIB = ("lib/__init__.py", "lib/names.py")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_project(tmp_path_factory.mktemp("deps") / "project", FILES)
    DvcProject(root).manifest()
    return root


@pytest.fixture
def project(template: Path, tmp_path: Path) -> DvcProject:
    return DvcProject(Path(shutil.copytree(template, tmp_path / "project")))


def found(project: DvcProject, *names: str) -> dict[str, StageDeps]:
    return {each.stage: each for each in inspect_deps(project, names)}


def test_what_is_missing_gone_and_unreached_is_told_by_stage(project: DvcProject) -> None:
    all_of_them = found(project)
    assert {name: each.missing for name, each in all_of_them.items()} == {
        "plain": (*LIB, "plain.py"),
        "each@a": ("each.py", *LIB),
        "each@b": ("each.py", *LIB),
        "grid@1": (),
        "grid@2": (),
        "inside": ("sub/near.py",),
        "sub/deep/dvc.yaml:deep": ("sub/deep/beside.py",),
    }
    assert all_of_them["inside"].gone == ("sub/gone.py",)
    assert all_of_them["inside"].unreached == ("sub/unread.py",)
    assert all_of_them["sub/deep/dvc.yaml:deep"].file == "sub/deep/dvc.yaml"


def test_stages_are_named_by_themselves_or_by_their_template(project: DvcProject) -> None:
    assert list(found(project, "plain", "each@b")) == ["plain", "each@b"]
    assert list(found(project, "each")) == ["each@a", "each@b"]
    assert list(found(project, "sub/deep/dvc.yaml:deep")) == ["sub/deep/dvc.yaml:deep"]
    with pytest.raises(UnknownStage, match="each@a"):
        found(project, "eech")


def test_written_deps_leave_all_other_bytes_and_a_pipeline_that_dvc_runs(project: DvcProject) -> None:
    write(project.root, {"sub/gone.py": ""})
    assert write_deps(project, inspect_deps(project)) == ("dvc.yaml", "sub/deep/dvc.yaml")
    lib = "".join(f"      - {path}\n" for path in (*LIB, "plain.py"))
    each = "".join(f"      - {path}\n" for path in ("each.py", *LIB))
    expected = PIPELINE
    for before, added in {
        "# no deps yet\n": f"    deps:\n{lib}",
        "      - plain.txt\n": each,
        "- unread.py\n": "      - near.py\n",
    }.items():
        expected = expected.replace(before, before + added)
    assert (project.root / "dvc.yaml").read_text() == expected
    nested = (project.root / "sub/deep/dvc.yaml").read_text()
    assert nested == NESTED.replace('"deep.py"', '"deep.py", "beside.py"')
    assert all(not each.missing for each in inspect_deps(project))
    assert write_deps(project, inspect_deps(project)) == ()
    dvc("repro", "-q", "--all-pipelines", cwd=project.root)
    assert dvc("status", "-q", cwd=project.root) == ""
    write(project.root, {"sub/near.py": "# edited\n"})
    assert "inside" in dvc("status", cwd=project.root)


def test_a_template_whose_instances_have_different_files_is_put_back(project: DvcProject) -> None:
    text = "stages:\n  each:\n    foreach: [a, b]\n    do:\n      wdir: ${item}\n      cmd: python x.py\n"
    write(project.root, {"dvc.yaml": text, "a/x.py": "import y\n", "a/y.py": "", "b/x.py": ""})
    with pytest.raises(DepsNotWritable, match="no such file") as error:
        write_deps(project, inspect_deps(project))
    assert (error.value.file, error.value.stage, error.value.paths) == ("dvc.yaml", "each@b", ("b/y.py",))
    assert (project.root / "dvc.yaml").read_text() == text
    assert (project.root / "sub/deep/dvc.yaml").read_text() == NESTED


def test_an_interrupted_write_puts_the_files_back(
    project: DvcProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = inspect_deps(project)

    def interrupted(*_: object) -> None:
        assert "beside.py" in (project.root / "sub/deep/dvc.yaml").read_text()
        raise KeyboardInterrupt

    monkeypatch.setattr("ml_assets.dvc.deps_file._verify", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_deps(project, lacking)
    assert (project.root / "dvc.yaml").read_text() == PIPELINE
    assert (project.root / "sub/deep/dvc.yaml").read_text() == NESTED
