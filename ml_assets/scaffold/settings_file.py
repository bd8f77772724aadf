"""Where the settings of a repository go: to the end of pyproject.toml, or into a file of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_assets.scaffold.change import Change
from ml_assets.scaffold.errors import FileInTheWay
from ml_assets.scaffold.pyproject import Pyproject, read_toml
from ml_assets.scaffold.template import render

TABLE = "ml_assets"
OWN_FILE = "ml_assets.toml"


def plan_settings(
    pyproject: Pyproject, *, name: str, remote: str | None, default: str | None, apart: bool = False
) -> Change | None:
    """The file with the settings in it; None where there are settings already.

    Args:
        name: of the code location.
        remote: the DVC remote that runs shall push to; None: not yet any.
        default: DVC's default remote.
        apart: into ml_assets.toml in any case, for a pyproject.toml that is better left alone.

    Raises:
        FileInTheWay: there are settings, with another remote than the one that is asked for.
    """
    existing = _existing(pyproject)
    if existing is None:
        return _new(pyproject, apart=apart, name=name, remote=_remote(remote, default))
    path, table = existing
    if remote is not None and table.get("remote") != remote:
        raise FileInTheWay(path, f"Set `remote = {_toml(remote)}` in it by hand.")
    return None


def _existing(pyproject: Pyproject) -> tuple[Path, Mapping[str, Any]] | None:
    """The file that holds settings already, and these; ml_assets.toml is the one that counts."""
    own = pyproject.path.with_name(OWN_FILE)
    if own.exists():
        return own, read_toml(own)
    return (pyproject.path, pyproject.tool[TABLE]) if TABLE in pyproject.tool else None


def _new(pyproject: Pyproject, *, apart: bool, **fields: str) -> Change:
    table = render("adopt/settings.toml", table=f"[tool.{TABLE}]\n", prefix=f"tool.{TABLE}.", **fields)
    after = None if apart else pyproject.with_table(TABLE, table)
    if after is not None:
        return Change(pyproject.path, pyproject.text, after, f"the settings: [tool.{TABLE}] at its end")
    own = render("adopt/settings.toml", table="", prefix="", **fields)
    return Change(pyproject.path.with_name(OWN_FILE), None, own, "the settings")


def _remote(remote: str | None, default: str | None) -> str:
    if remote is not None:
        return f"remote = {_toml(remote)}"
    # Unset would mean the default remote.
    return (
        f'remote = ""  # pushes nothing; the default here is "{default}"' if default else '# remote = "NAME"'
    )


def _toml(value: str) -> str:
    # JSON's strings are TOML's.
    return json.dumps(value, ensure_ascii=False)
