"""A pyproject.toml as people have it: what it says, and a table more at its end."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ml_assets.scaffold.errors import FileUnreadable


def read_toml(path: Path) -> dict[str, Any]:
    """Raises FileUnreadable: it is no TOML in UTF-8."""
    try:
        return tomllib.loads(path.read_bytes().decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileUnreadable(path, str(error)) from error


@dataclass(frozen=True)
class Pyproject:
    """The file at `path`; `text` is None where there is none."""

    path: Path
    text: str | None = None
    content: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path) -> Pyproject:
        """Raises FileUnreadable: it is no TOML in UTF-8."""
        path = root / "pyproject.toml"
        if not path.exists():
            return cls(path)
        # Not read_text, which would make one kind of line ends of two.
        return cls(path, content=read_toml(path), text=path.read_bytes().decode())

    @cached_property
    def tool(self) -> Mapping[str, Any]:
        """The tables of tools; empty where there are none."""
        found = self.content.get("tool")
        return found if isinstance(found, Mapping) else {}

    @property
    def name(self) -> str | None:
        """The project's name."""
        project = self.content.get("project")
        name = project.get("name") if isinstance(project, Mapping) else None
        return name if isinstance(name, str) else None

    def with_table(self, name: str, table: str) -> str | None:
        """The text with `table`, the TOML of `[tool.<name>]`, at its end; each byte before stays as it was.

        None where that cannot be: no file, not writable, or a `tool` that no table can be added to.
        """
        if self.text is None or not os.access(self.path, os.W_OK):
            return None
        newline = "\r\n" if "\r\n" in self.text else "\n"
        gap = newline if self.text.endswith("\n") else newline * 2
        after = self.text + (gap if self.text else "") + table.replace("\n", newline)
        return after if self._adds_only(name, after) else None

    def _adds_only(self, name: str, after: str) -> bool:
        try:
            content = tomllib.loads(after)
        except tomllib.TOMLDecodeError:
            return False
        added = content.get("tool", {}).get(name, {})
        return content == {**self.content, "tool": {**self.tool, name: added}}
