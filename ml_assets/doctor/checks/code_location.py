"""Whether Dagster finds the same code location whichever way it is started."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ml_assets.doctor.finding import Finding, error, warning
from ml_assets.doctor.site import Site
from ml_assets.dvc.yaml12 import Loader


@dataclass(frozen=True)
class Location:
    """A code location as one file names it."""

    said_by: str
    module: str
    name: str


def same_location(site: Site) -> Iterator[Finding]:
    """Two names for one location split the state of its sensors in two."""
    found = [*_workspace(site), *_pyproject(site)]
    for first, other in zip(found[:1] * len(found), found, strict=True):
        if (other.module, other.name) != (first.module, first.name):
            yield error(
                other.said_by,
                f"it names the code location '{other.name}' ({other.module}), {first.said_by} names "
                f"'{first.name}' ({first.module}): sensors and schedules have a state for each",
                f"give both the same module and name, those of {first.said_by}",
            )


def source_folder(site: Site) -> Iterator[Finding]:
    """`dg` looks for all modules below `src` as soon as there is such a folder."""
    module = _table(site, "tool", "dg", "project").get("root_module")
    if not module or not (site.root / "src").is_dir() or (site.root / "src" / module).exists():
        return
    yield warning(
        "src",
        f"with a folder of that name `dg` looks for '{module}' in it, and finds nothing",
        "`git mv src code`, or move the package below it",
    )


def ignored_modules(site: Site) -> Iterator[Finding]:
    """Beside a defs.yaml, `dg` does not load Python files."""
    module = _table(site, "tool", "dg", "project").get("root_module")
    for file in sorted((site.root / module).glob("defs/**/defs.yaml")) if module else ():
        beside = sorted(each.name for each in file.parent.glob("*.py") if each.name != "__init__.py")
        if beside:
            yield warning(
                file.relative_to(site.root),
                f"{', '.join(beside)} beside it: what is defined there is not loaded",
                "move the Python files into a folder of their own",
            )


def _workspace(site: Site) -> Iterator[Location]:
    file = site.root / "workspace.yaml"
    if not file.exists():
        return
    content = yaml.load(file.read_bytes(), Loader)  # noqa: S506 - a safe loader
    for entry in content.get("load_from") or () if isinstance(content, Mapping) else ():
        for kind in ("python_module", "python_file"):
            if isinstance(entry, Mapping) and kind in entry:
                yield _location(entry[kind])


def _location(said: Any) -> Location:
    if not isinstance(said, Mapping):
        return Location("workspace.yaml", str(said), str(said))
    module = str(said.get("module_name") or said.get("relative_path"))
    return Location("workspace.yaml", module, str(said.get("location_name") or module))


def _pyproject(site: Site) -> Iterator[Location]:
    plain = _table(site, "tool", "dagster")
    if module := plain.get("module_name"):
        yield Location("[tool.dagster]", module, plain.get("code_location_name") or module)
    project = _table(site, "tool", "dg", "project")
    if root := project.get("root_module"):
        module = project.get("code_location_target_module") or f"{root}.definitions"
        yield Location("[tool.dg.project]", module, project.get("code_location_name") or root)


def _table(site: Site, *keys: str) -> Mapping[str, Any]:
    file = site.root / "pyproject.toml"
    if not file.exists():
        return {}
    table: Any = tomllib.loads(file.read_text(encoding="utf-8"))
    for key in keys:
        table = table.get(key, {})
    return table if isinstance(table, Mapping) else {}
