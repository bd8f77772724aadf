"""Files that name the code location, each read by another way of starting Dagster."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.doctor.finding import Severity
from ml_assets_tests.doctor.conftest import Look
from ml_assets_tests.factories import write

PYPROJECT = """\
[tool.dagster]
module_name = "mine.definitions"
code_location_name = "mine"
[tool.dg.project]
root_module = "mine"
code_location_target_module = "mine.definitions"
code_location_name = "mine"
"""
WORKSPACE = """\
load_from:
  - python_module:
      module_name: mine.definitions
      location_name: {name}
"""


def test_the_same_location_everywhere_is_fine(look: Look, root: Path) -> None:
    write(root, {"pyproject.toml": PYPROJECT, "workspace.yaml": WORKSPACE.format(name="mine")})
    assert look("code-location") == []


@pytest.mark.parametrize(
    ("files", "said_by"),
    [
        ({"workspace.yaml": WORKSPACE.format(name="other")}, "[tool.dagster]"),
        ({"workspace.yaml": "load_from:\n  - python_file: definitions.py\n"}, "[tool.dagster]"),
        (
            {"pyproject.toml": PYPROJECT.replace('code_location_name = "mine"\n[tool', "[tool")},
            "[tool.dg.project]",
        ),
    ],
)
def test_two_names_split_the_state_of_sensors(
    look: Look, root: Path, files: dict[str, str], said_by: str
) -> None:
    write(root, {"pyproject.toml": PYPROJECT} | files)
    found = look("code-location")
    assert found[0].where == said_by
    assert {each.severity for each in found} == {Severity.ERROR}
    assert "a state for each" in found[0].what


def test_a_folder_src_breaks_dg_unless_the_package_is_in_it(look: Look, root: Path) -> None:
    write(root, {"pyproject.toml": PYPROJECT, "mine/__init__.py": ""})
    assert look("source-folder") == []
    write(root, {"src/train.py": ""})
    (found,) = look("source-folder")
    assert "looks for 'mine' in it" in found.what
    write(root, {"src/mine/__init__.py": ""})
    assert look("source-folder") == []


def test_a_folder_src_is_no_matter_without_dg(look: Look, root: Path) -> None:
    write(root, {"src/train.py": ""})
    assert look("source-folder") == []


def test_a_python_file_beside_a_defs_yaml_is_not_loaded(look: Look, root: Path) -> None:
    write(root, {"pyproject.toml": PYPROJECT, "mine/defs/a/defs.yaml": "", "mine/defs/b/assets.py": ""})
    assert look("ignored-modules") == []
    write(root, {"mine/defs/a/assets.py": ""})
    (found,) = look("ignored-modules")
    assert found.where == "mine/defs/a/defs.yaml"
    assert "assets.py" in found.what
