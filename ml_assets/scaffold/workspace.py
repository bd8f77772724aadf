"""workspace.yaml: the code locations that `dagster dev` loads, named as it names them without that file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ml_assets.scaffold.change import Change
from ml_assets.scaffold.errors import FileInTheWay, FileUnreadable
from ml_assets.scaffold.pyproject import Pyproject
from ml_assets.scaffold.template import render

DEFINITIONS = "ml_assets_definitions"
NAMES = ("workspace.yaml", "workspace.yml")
NOT_IN_A_NAME = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class CodeLocation:
    """An entry of `load_from`: its kind (`python_file`, `python_module`, …), what is loaded, and its name."""

    kind: str
    target: str
    name: str

    def text(self) -> str:
        """The entry as YAML. JSON's strings are YAML's, whatever is in them."""
        key = "relative_path" if self.kind == "python_file" else "module_name"
        return (
            f"  - {self.kind}:\n      {key}: {json.dumps(self.target, ensure_ascii=False)}\n"
            f"      location_name: {json.dumps(self.name, ensure_ascii=False)}\n"
        )


def asked_first(pyproject: Pyproject) -> list[CodeLocation] | None:
    """What a bare `dagster dev` loads because of pyproject.toml; None: it goes on to workspace.yaml.

    It looks for `[tool.dagster]` first, then for `[tool.dg.project]`; with either table there, and nothing to
    load in it, it loads nothing.
    """
    tables = {name: pyproject.tool.get(name) for name in ("dagster", "dg")}
    if not any(isinstance(table, Mapping) for table in tables.values()):
        return None
    dagster, dg = (table if isinstance(table, Mapping) else {} for table in tables.values())
    project = dg.get("project")
    return _by_dagster(dagster) or (_by_dg(project) if isinstance(project, Mapping) else [])


def location_name(pyproject: Pyproject, root: Path, *, taken: Sequence[str]) -> str:
    """A name for the new code location: the project's or the folder's, in letters that any URL bears."""
    name = NOT_IN_A_NAME.sub("_", pyproject.name or root.name).strip("_") or "dvc"
    while name in taken:
        name += "_dvc"
    return name


def plan_workspace(root: Path, locations: Sequence[CodeLocation]) -> Change | None:
    """The file with these locations; None where there is one that loads our definitions.

    Raises:
        FileInTheWay: there is one that does not.
        FileUnreadable: there is one that is no YAML.
    """
    for path in (root / name for name in NAMES):
        if path.exists():
            if not (path.is_file() and _loads_ours(path)):
                entry = locations[-1].text()
                raise FileInTheWay(path, f"Add this to its `load_from`, then run again:\n{entry}")
            return None
    text = render("adopt/workspace.yaml", entries="".join(each.text() for each in locations).rstrip("\n"))
    return Change(root / NAMES[0], None, text, f"the code location '{locations[-1].name}' for `dagster dev`")


def ours(name: str) -> CodeLocation:
    """The code location of the definitions file beside workspace.yaml."""
    return CodeLocation("python_file", f"{DEFINITIONS}.py", name)


def _by_dagster(table: Mapping[str, Any]) -> list[CodeLocation]:
    names = [table["module_name"]] if "module_name" in table else _modules(table.get("modules"))
    location = table.get("code_location_name")
    return [CodeLocation("python_module", str(name), str(location or name)) for name in names]


def _modules(listed: Any) -> list[Any]:
    return [each.get("name") for each in listed or () if each.get("type") == "module"]


def _by_dg(project: Mapping[str, Any]) -> list[CodeLocation]:
    package, location = project.get("root_module"), project.get("code_location_name")
    if project.get("autoload_defs"):
        module = str(project.get("defs_module") or f"{package}.defs")
        return [CodeLocation("autoload_defs_module", module, str(location or module))]
    module = str(project.get("code_location_target_module") or f"{package}.definitions")
    return [CodeLocation("python_module", module, str(location or module))]


def _loads_ours(path: Path) -> bool:
    try:
        content = yaml.safe_load(path.read_bytes())
    except yaml.YAMLError as error:
        raise FileUnreadable(path, str(error)) from error
    entries = content.get("load_from") if isinstance(content, Mapping) else None
    return any(DEFINITIONS in json.dumps(entry) for entry in entries or ())
