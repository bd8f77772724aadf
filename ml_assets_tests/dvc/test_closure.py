"""The import closure follows Python's own rules, and stays inside the project."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ml_assets.dvc.closure import code_digest, import_closure, undeclared_code
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.static.walk import Unknown
from ml_assets_tests.dvc.code_projects import a_manifest, a_stage, reached, whole_closure
from ml_assets_tests.factories import run, write

PACKAGE = {"pkg/__init__.py": "", "pkg/sub/__init__.py": "", "pkg/sub/mod.py": "", "pkg/other.py": ""}
SUB = {"pkg/__init__.py", "pkg/sub/__init__.py"}
MOD = SUB | {"pkg/sub/mod.py"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import pkg.sub.mod", MOD),
        ("from pkg.sub import mod", MOD),
        ("from pkg.sub.mod import thing", MOD),
        ("from pkg import sub", SUB),
        ("from pkg.sub import thing", SUB),
        ("from pkg.sub import *", SUB),
        ("import pkg.sub.gone", SUB),
        ("import importlib; importlib.import_module('pkg.sub.mod')", MOD),
        ("importlib.import_module('.mod', 'pkg.sub')", MOD),
        ("__import__('pkg.sub')", SUB),
        ("def f():\n    import pkg.sub", SUB),
        ("try:\n    import fast\nexcept ImportError:\n    import pkg.sub", SUB),
        ("import pandas, json, os.path", set()),
    ],
)
def test_an_import_reaches_the_module_and_the_packages_around_it(
    source: str, expected: set[str], tmp_path: Path
) -> None:
    assert reached(tmp_path, {"x.py": source, **PACKAGE}, "python x.py") == {"x.py"} | expected


def test_relative_imports_are_relative_to_their_file(tmp_path: Path) -> None:
    files = PACKAGE | {
        "pkg/sub/mod.py": "from . import near\nfrom ..other import thing\n",
        "pkg/sub/near.py": "",
    }
    assert reached(tmp_path, files, "python -m pkg.sub.mod") == MOD | {"pkg/sub/near.py", "pkg/other.py"}


def test_a_star_import_reaches_the_submodules_that_all_names(tmp_path: Path) -> None:
    files = PACKAGE | {"x.py": "from pkg import *\n", "pkg/__init__.py": "__all__ = ['other', 'thing']\n"}
    assert reached(tmp_path, files, "python x.py") == {"x.py", "pkg/__init__.py", "pkg/other.py"}


def test_a_package_without_init_may_lie_in_two_folders(tmp_path: Path) -> None:
    files = {"x.py": "import ns.one, ns.two\n", "ns/one.py": "", "more/ns/two.py": "", "ns/unread.py": ""}
    assert reached(tmp_path, files, "PYTHONPATH=more python x.py") == {"x.py", "ns/one.py", "more/ns/two.py"}


def test_a_package_with_init_hides_one_without_and_a_module_of_its_name(tmp_path: Path) -> None:
    files = {"x.py": "import a.b", "a/b.py": "", "more/a/__init__.py": "", "more/a/b.py": "", "more/a.py": ""}
    assert reached(tmp_path, files, "PYTHONPATH=more python x.py") == {
        "x.py",
        "more/a/__init__.py",
        "more/a/b.py",
    }


def test_cycles_end(tmp_path: Path) -> None:
    files = {"x.py": "import a\n", "a.py": "import b\n", "b.py": "import a, x\n"}
    assert reached(tmp_path, files, "python x.py") == {"x.py", "a.py", "b.py"}


def test_a_module_of_a_standard_name_counts_only_beside_the_script(tmp_path: Path) -> None:
    files = {"sub/x.py": "import queue, time\n", "sub/time.py": "", "queue.py": ""}
    assert reached(tmp_path, files, "python sub/x.py") == {"sub/x.py"}
    assert reached(tmp_path, {"sub/queue.py": ""}, "python sub/x.py") == {"sub/x.py", "sub/queue.py"}


def test_stubs_and_what_a_script_opens_are_no_code(tmp_path: Path) -> None:
    files = {
        "x.py": "import a\nopen('data.py')\n",
        "a.py": "",
        "a.pyi": "import b\n",
        "b.py": "",
        "data.py": "",
    }
    assert reached(tmp_path, files, "python x.py") == {"x.py", "a.py"}


LAYOUTS = {
    "src": {"src/pkg/__init__.py": ""},
    "setuptools where": {
        "pyproject.toml": '[tool.setuptools.packages.find]\nwhere = ["python"]\n',
        "python/pkg/__init__.py": "",
    },
    "setuptools package-dir": {
        "pyproject.toml": '[tool.setuptools.package-dir]\n"" = "code"\n',
        "code/pkg/__init__.py": "",
    },
    "setuptools package-dir of one package": {
        "pyproject.toml": '[tool.setuptools.package-dir]\npkg = "code/pkg"\n',
        "code/pkg/__init__.py": "",
    },
    "poetry": {
        "pyproject.toml": '[tool.poetry]\npackages = [{include = "pkg", from = "code"}]\n',
        "code/pkg/__init__.py": "",
    },
    "hatch": {
        "pyproject.toml": '[tool.hatch.build.targets.wheel]\npackages = ["code/pkg"]\n',
        "code/pkg/__init__.py": "",
    },
    "pdm": {"pyproject.toml": '[tool.pdm.build]\npackage-dir = "code"\n', "code/pkg/__init__.py": ""},
    "uv workspace": {
        "pyproject.toml": '[tool.uv.workspace]\nmembers = ["libs/*"]\n',
        "libs/one/pyproject.toml": "",
        "libs/one/src/pkg/__init__.py": "",
    },
    "setup.cfg": {
        "setup.cfg": "[options]\npackage_dir =\n  = code\n[options.packages.find]\nwhere = code\n",
        "code/pkg/__init__.py": "",
    },
    "setup.py": {
        "setup.py": "setup(package_dir={'': 'code'}, packages=find_packages('code'))\n",
        "code/pkg/__init__.py": "",
    },
    "packages beside the packaging file": {"pyproject.toml": "", "pkg/__init__.py": ""},
    "broken packaging files": {
        "pyproject.toml": "[",
        "setup.cfg": "x",
        "setup.py": "(",
        "pkg/__init__.py": "",
    },
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_installed_project_is_found_by_its_layout(layout: str, tmp_path: Path) -> None:
    files = {"scripts/x.py": "import pkg\n", **LAYOUTS[layout]}
    (package,) = (name for name in files if name.endswith("pkg/__init__.py"))
    assert reached(tmp_path, files, "python scripts/x.py") == {"scripts/x.py", package}


def test_a_project_inside_the_repository_has_a_layout_of_its_own(tmp_path: Path) -> None:
    files = {"part/pyproject.toml": "", "part/src/pkg/__init__.py": "", "part/scripts/x.py": "import pkg\n"}
    assert reached(tmp_path, files, "python scripts/x.py", wdir="part") == {
        "part/scripts/x.py",
        "part/src/pkg/__init__.py",
    }


@pytest.mark.parametrize(
    "edit",
    [
        "sys.path.append('common')",
        "sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'common'))",
        "sys.path.append(str(Path(__file__).resolve().parents[1] / 'common'))",
    ],
)
def test_a_script_may_widen_the_path_for_itself_and_for_what_it_imports(edit: str, tmp_path: Path) -> None:
    files = {"stages/x.py": f"{edit}\nimport a\n", "common/a.py": "import b\n", "common/b.py": ""}
    assert reached(tmp_path, files, "python stages/x.py") == {"stages/x.py", "common/a.py", "common/b.py"}


@pytest.mark.parametrize(
    "folder", [".venv/lib/python3.11/site-packages", "vendor/site-packages", "environment", "conda"]
)
def test_what_is_installed_is_not_the_projects(folder: str, tmp_path: Path) -> None:
    files = {
        "x.py": "import a\n",
        f"{folder}/a.py": "",
        "environment/pyvenv.cfg": "",
        "conda/conda-meta/history": "",
    }
    assert reached(tmp_path, files, f"PYTHONPATH={folder} python x.py") == {"x.py"}


def test_what_git_ignores_is_not_the_projects_unless_it_is_committed(tmp_path: Path) -> None:
    files = {
        ".gitignore": "/build/\n_version.py\nkept.py\n",
        "sub/.gitignore": "local.py\n",
        "x.py": "import a, _version, kept, sub.local, new\n",
        "build/a.py": "",
        "_version.py": "",
        "kept.py": "",
        "sub/local.py": "",
        "new.py": "",
    }
    run("git", "init", "-q", cwd=tmp_path)
    write(tmp_path, files)
    run("git", "add", "-f", "kept.py", cwd=tmp_path)
    assert reached(tmp_path, {}, "PYTHONPATH=build python x.py") == {"x.py", "kept.py", "new.py"}


def test_without_git_nothing_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {".git/HEAD": "", ".gitignore": "a.py\n", "x.py": "import a\n", "a.py": ""})
    monkeypatch.setenv("PATH", "/nowhere")
    assert reached(tmp_path, {}, "python x.py") == {"x.py", "a.py"}


def test_a_root_behind_a_link_is_the_same_project(tmp_path: Path) -> None:
    write(tmp_path / "real", {"sub/x.py": "import a\n", "sub/a.py": ""})
    (tmp_path / "link").symlink_to("real")
    assert reached(tmp_path / "link", {}, "python sub/x.py") == {"sub/x.py", "sub/a.py"}


def test_links_count_where_they_are_as_dvc_hashes_them(tmp_path: Path) -> None:
    write(tmp_path / "outside", {"far.py": ""})
    root = tmp_path / "root"
    write(root, {"x.py": "import linked, pkg.mod, gone, far\n", "real/mod.py": "", "real/one.py": ""})
    for link, target in {
        "linked.py": "real/one.py",
        "pkg": "real",
        "gone.py": "nowhere",
        "far.py": "../outside/far.py",
    }.items():
        (root / link).symlink_to(target)
    assert reached(root, {}, "python x.py") == {"x.py", "linked.py", "pkg/mod.py", "gone.py", "far.py"}


def test_a_file_that_does_not_parse_counts_and_is_said(tmp_path: Path) -> None:
    found = whole_closure(
        tmp_path, {"x.py": "import bad, a\n", "bad.py": "import a\nx = \n", "a.py": ""}, "python x.py"
    )
    assert found.files == ("a.py", "bad.py", "x.py")
    assert found.unknown == (Unknown("bad.py", "line 2: it does not parse (invalid syntax)"),)


def test_sources_in_another_encoding_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_bytes("# coding: latin-1\nname = 'é'\nimport a\n".encode("latin-1"))
    assert reached(tmp_path, {"a.py": ""}, "python x.py") == {"x.py", "a.py"}


@pytest.mark.parametrize(
    ("params", "counts"),
    [
        ("A = 1\nB: list = [1, 2]\n", False),
        ('"""Text."""\nclass Net:\n    depth = 3\n    def __init__(self):\n        self.w = 1\n', False),
        ("A = 1\nB = A + 1\n", True),
        ("import os\nA = 1\n", True),
        ("A = 1\ndef f(): pass\n", True),
        ("A = \n", True),
    ],
)
def test_a_params_file_in_python_is_code_where_it_is_more_than_params(
    params: str, *, counts: bool, tmp_path: Path
) -> None:
    write(tmp_path, {"x.py": "import params\n", "params.py": params})
    found = import_closure(tmp_path, a_stage("python x.py", params={"params.py": ("A",)}))
    assert ("params.py" in found) == counts
    assert "params.py" in import_closure(tmp_path, a_stage("python x.py"))


def test_declared_are_files_folders_around_them_outputs_and_tracked_data(tmp_path: Path) -> None:
    stage = a_stage("", deps=("a.py", "lib"))
    maker = a_stage("", outs=("made/code",), name="maker")
    manifest = a_manifest(stage, maker, tracked=("data",))
    closure = ("a.py", "lib/x/b.py", "library.py", "made/code/c.py", "made/d.py", "data/e.py")
    assert undeclared_code(manifest, stage, closure) == ("library.py", "made/d.py")
    assert undeclared_code(manifest, a_stage("", deps=(".",)), closure) == ()


def test_the_code_digest_follows_content_and_names_alone(tmp_path: Path) -> None:
    files = {"x.py": "import a, made\n", "a.py": "one = 1\n", "made.py": "", "unread.py": ""}
    write(tmp_path, files)
    stage = a_stage("python x.py")
    manifest = a_manifest(stage, a_stage("", outs=("made.py",), name="maker"))

    def digest() -> str:
        return code_digest(tmp_path, manifest, stage)

    before = digest()
    write(tmp_path, {"a.py": "one = 1\n", "made.py": "2", "unread.py": "2"})
    os.utime(tmp_path / "a.py", (1, 1))
    assert digest() == before
    write(tmp_path, {"a.py": "one = 2\n"})
    edited = digest()
    write(tmp_path, {"a.py": "one = 1\n", "x.py": "import b as a, made\n", "b.py": "one = 1\n"})
    assert len({before, edited, digest()}) == 3


def test_the_environment_counts_where_the_stage_is_strict(tmp_path: Path) -> None:
    write(tmp_path, {"x.py": "", "uv.lock": "1"})
    loose, strict = (
        a_stage("python x.py"),
        a_stage("python x.py", meta={"dagster": {"environment": "strict"}}),
    )

    def digests() -> list[str]:
        return [code_digest(tmp_path, a_manifest(stage), stage) for stage in (loose, strict)]

    before = digests()
    write(tmp_path, {"uv.lock": "2"})
    after = digests()
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_imports_are_kept_for_the_next_process_and_read_again_when_a_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"x.py": "import a\n", "a.py": "", "b.py": ""})
    stage = a_stage("python x.py")
    assert import_closure(tmp_path, stage) == ("a.py", "x.py")
    kept = DvcProject(tmp_path).private_dir / "imports.json"
    assert len(json.loads(kept.read_text())["imports"]) == 2

    def parsed(source: bytes) -> None:
        raise AssertionError(f"parsed again: {source!r}")

    with monkeypatch.context() as patched:
        patched.setattr("ml_assets.dvc.static.import_table.read_imports", parsed)
        assert import_closure(tmp_path, stage) == ("a.py", "x.py")
    write(tmp_path, {"x.py": "import b\n"})
    assert import_closure(tmp_path, stage) == ("b.py", "x.py")
    kept.write_text("{torn")
    assert import_closure(tmp_path, stage) == ("b.py", "x.py")
