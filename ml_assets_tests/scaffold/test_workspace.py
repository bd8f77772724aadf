"""Which code locations Dagster finds, by pyproject.toml and by workspace.yaml, and under which names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ml_assets.scaffold.pyproject import Pyproject
from ml_assets.scaffold.workspace import CodeLocation, asked_first
from ml_assets_tests.factories import environment, run, write
from ml_assets_tests.scaffold.conftest import Command

BY_DAGSTER = '[tool.dagster]\nmodule_name = "theirs"\n'
BY_DG = '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "theirs"\n'
THEIRS = "from dagster import Definitions\ndefs = Definitions()\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[project]\nname = 'x'\n", None),
        (BY_DAGSTER, [("python_module", "theirs", "theirs")]),
        (f"{BY_DAGSTER}code_location_name = 'named'\n", [("python_module", "theirs", "named")]),
        ("[tool.dagster]\nmodules = [{type = 'module', name = 'a.b'}]\n", [("python_module", "a.b", "a.b")]),
        (BY_DG, [("python_module", "theirs.definitions", "theirs.definitions")]),
        (f"{BY_DG}autoload_defs = true\n", [("autoload_defs_module", "theirs.defs", "theirs.defs")]),
        (f"{BY_DG}code_location_target_module = 'm'\n", [("python_module", "m", "m")]),
        (BY_DG + BY_DAGSTER, [("python_module", "theirs", "theirs")]),
        ("[tool.dg]\ndirectory_type = 'workspace'\n", []),
        ("[tool.dagster]\ncode_location_name = 'nothing'\n", []),
    ],
)
def test_what_a_bare_dagster_dev_loads_by_pyproject(
    tmp_path: Path, text: str, found: list[tuple[str, str, str]] | None
) -> None:
    write(tmp_path, {"pyproject.toml": text})
    wanted = None if found is None else [CodeLocation(*each) for each in found]
    assert asked_first(Pyproject.read(tmp_path)) == wanted


def test_a_repository_with_dagster_gets_both_locations_and_hears_how_to_load_them(
    root: Path, ml_assets: Command
) -> None:
    write(root, {"pyproject.toml": BY_DAGSTER})
    done = ml_assets("init", cwd=root)
    assert "  dagster dev -w workspace.yaml" in done.out.splitlines()
    assert "[tool.dagster]" in done.out
    assert yaml.safe_load((root / "workspace.yaml").read_text())["load_from"] == [
        {"python_module": {"module_name": "theirs", "location_name": "theirs"}},
        {"python_file": {"relative_path": "ml_assets_definitions.py", "location_name": "numbers"}},
    ]


def test_two_locations_never_have_one_name(root: Path, ml_assets: Command) -> None:
    write(root, {"pyproject.toml": f"{BY_DAGSTER}code_location_name = 'numbers'\n"})
    ml_assets("init", cwd=root)
    entries = yaml.safe_load((root / "workspace.yaml").read_text())["load_from"]
    assert [value["location_name"] for entry in entries for value in entry.values()] == [
        "numbers",
        "numbers_dvc",
    ]


def test_a_pyproject_that_names_our_definitions_names_the_location(root: Path, ml_assets: Command) -> None:
    text = "[tool.dagster]\nmodule_name = 'ml_assets_definitions'\ncode_location_name = 'flow'\n"
    write(root, {"pyproject.toml": text})
    done = ml_assets("init", cwd=root)
    assert "  dagster dev" in done.out.splitlines()
    assert yaml.safe_load((root / "workspace.yaml").read_text())["load_from"] == [
        {"python_module": {"module_name": "ml_assets_definitions", "location_name": "flow"}}
    ]


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", BY_DAGSTER, BY_DG, f"{BY_DG}code_location_name = 'named'\n"])
def test_dagster_itself_names_each_location_the_same_either_way(
    root: Path, ml_assets: Command, text: str
) -> None:
    write(root, {"pyproject.toml": text, "theirs/__init__.py": THEIRS, "theirs/definitions.py": THEIRS})
    ml_assets("init", cwd=root)
    bare, by_file = _loaded(root), _loaded(root, "-w", "workspace.yaml")
    assert by_file == bare | {"numbers"}
    # The control: without workspace.yaml there is nothing of ours.
    assert ("numbers" in bare) == (text == "")


def _loaded(root: Path, *options: str) -> set[str]:
    """The code locations that the command loads; it looks for them as `dagster dev` does."""
    env = environment(PYTHONPATH=f"{root}:{Path(__file__).parents[2]}")
    told = run("dagster", "definitions", "validate", *options, cwd=root, env=env)
    return set(re.findall(r"successful for code location (\S+?)\.\s", told.stdout + told.stderr))
