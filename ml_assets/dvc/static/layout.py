"""Where a Python project keeps its packages, as its packaging files say: what installing it would add."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ml_assets.dvc.toml_text import parse_toml

FILES = ("pyproject.toml", "setup.cfg", "setup.py")
SOURCE = "src"


@dataclass(frozen=True)
class Layout:
    """`folders` hold the packages (relative; `.` is the project's own), `scripts` map commands to modules."""

    folders: tuple[str, ...]
    scripts: Mapping[str, str] = field(default_factory=dict)


def read_layout(folder: Path) -> Layout:
    """The layout of the project in `folder`; a packaging file that does not parse says nothing.

    A folder `src` and the project's own are always among the folders, for many scripts are made to find their
    modules by a variable that no file tells of. Members of a uv workspace bring theirs.
    """
    pyproject, setup_cfg = _pyproject(folder / FILES[0]), _setup_cfg(folder / FILES[1])
    setup = _setup_arguments(folder / FILES[2])
    said = [*_pyproject_folders(pyproject), *_setup_cfg_folders(setup_cfg), *_setup_folders(setup)]
    members = [each for member in _members(folder, pyproject) for each in member]
    folders = [_normal(each) for each in (*said, SOURCE, ".", *members)]
    scripts = {**_pyproject_scripts(pyproject), **_entry_points(setup_cfg, setup)}
    return Layout(
        folders=tuple(dict.fromkeys(each for each in folders if (folder / each).is_dir())),
        scripts={name: target.partition(":")[0].strip() for name, target in scripts.items()},
    )


def _normal(path: str) -> str:
    return PurePosixPath(path).as_posix()


def _pyproject(path: Path) -> Mapping[str, Any]:
    try:
        return parse_toml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _setup_cfg(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, ValueError):
        return configparser.ConfigParser()
    return parser


def _setup_arguments(path: Path) -> dict[str, Any]:
    """The literal keyword arguments of `setup(…)`, and the folder of `find_packages` as `where`."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    found: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in ("setup", "find_packages"):
            given = {each.arg: each.value for each in node.keywords if each.arg}
            if _name(node.func) == "find_packages" and node.args:
                given["where"] = node.args[0]
            found |= {name: value for name, node in given.items() if (value := _literal(node)) is not None}
    return found


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _table(data: Any, *names: str) -> Any:
    for name in names:
        data = data.get(name, {}) if isinstance(data, Mapping) else {}
    return data


def _pyproject_folders(data: Mapping[str, Any]) -> Iterator[str]:
    tool = _table(data, "tool")
    yield from _package_dirs(_table(tool, "setuptools", "package-dir"))
    yield from _list(_table(tool, "setuptools", "packages", "find", "where"))
    for package in _list(_table(tool, "poetry", "packages")):
        if isinstance(package, Mapping):
            yield str(package.get("from", "."))
    for package in _list(_table(tool, "hatch", "build", "targets", "wheel", "packages")):
        yield str(PurePosixPath(package).parent)
    yield from _list(_table(tool, "pdm", "build", "package-dir"))
    yield from _list(_table(tool, "uv", "build-backend", "module-root"))


def _package_dirs(table: Any) -> Iterator[str]:
    for package, folder in table.items() if isinstance(table, Mapping) else ():
        # `{"pkg": "lib/pkg"}` finds pkg in lib; what is renamed can't be found by its name on disk.
        if not package:
            yield str(folder)
        elif PurePosixPath(folder).parts[-1:] == (package,):
            yield str(PurePosixPath(folder).parent)


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str) else []


def _setup_cfg_folders(parser: configparser.ConfigParser) -> Iterator[str]:
    if parser.has_section("options"):
        lines = parser.get("options", "package_dir", fallback="").splitlines()
        yield from _package_dirs({name.strip(): where.strip() for name, _, where in map(_assigned, lines)})
    yield from parser.get("options.packages.find", "where", fallback="").split()


def _assigned(line: str) -> tuple[str, str, str]:
    return line.partition("=")


def _setup_folders(arguments: Mapping[str, Any]) -> Iterator[str]:
    yield from _package_dirs(arguments.get("package_dir"))
    yield from _list(arguments.get("where"))


def _members(folder: Path, pyproject: Mapping[str, Any]) -> Iterator[Iterator[str]]:
    for pattern in _list(_table(pyproject, "tool", "uv", "workspace", "members")):
        for member in sorted(folder.glob(str(pattern))):
            if (member / FILES[0]).is_file() and member != folder:
                relative = PurePosixPath(member.relative_to(folder).as_posix())
                yield (str(relative / each) for each in read_layout(member).folders)


def _pyproject_scripts(data: Mapping[str, Any]) -> dict[str, str]:
    tables = (_table(data, "project", "scripts"), _table(data, "tool", "poetry", "scripts"))
    return {
        name: target
        for table in tables
        if isinstance(table, Mapping)
        for name, target in table.items()
        if isinstance(target, str)
    }


def _entry_points(parser: configparser.ConfigParser, arguments: Mapping[str, Any]) -> dict[str, str]:
    lines = parser.get("options.entry_points", "console_scripts", fallback="").splitlines()
    lines += _list(_table(arguments.get("entry_points"), "console_scripts"))
    return {name.strip(): target.strip() for name, equals, target in map(_assigned, lines) if equals}
