"""Texts of the files that we write: package data beside this module, names filled in."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

# Without it DVC would take a template for a pipeline of this repository, pytest for tests, git for rules.
SUFFIX = ".template"


def render(path: str, /, **values: str) -> str:
    """The template of that path, each `@key@` in it replaced by its value."""
    return _fill(_root().joinpath(f"{path}{SUFFIX}"), values)


def render_tree(folder: str, /, **values: str) -> dict[str, str]:
    """Path → text of all templates below `folder`."""
    return dict(_walk(_root().joinpath(folder), "", values))


def _walk(folder: Traversable, prefix: str, values: dict[str, str]) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/", values)
        elif entry.name.endswith(SUFFIX):
            yield prefix + entry.name.removesuffix(SUFFIX), _fill(entry, values)


def _fill(template: Traversable, values: dict[str, str]) -> str:
    text = template.read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def _root() -> Traversable:
    return files("ml_assets.scaffold").joinpath("templates")
