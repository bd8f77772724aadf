"""Reads the parameters that a stage declares, and no others."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import yaml

from ml_assets.stages import paths
from ml_assets.stages.errors import ParamMissing

if TYPE_CHECKING:
    from collections.abc import Sequence


def read(names: Sequence[str]) -> dict[str, Any]:
    """Values by dotted name (`gb.n_estimators`), as dvc.yaml lists them under `params`.

    A stage sees only what it names, so a parameter that it does not declare cannot change its output.
    Raises ParamMissing.
    """
    content = yaml.safe_load(paths.PARAMS.read_text(encoding="utf-8"))
    return {name: _value(content, name) for name in names}


def _value(content: dict[str, Any], name: str) -> Any:
    try:
        return reduce(lambda section, key: section[key], name.split("."), content)
    except (KeyError, TypeError) as error:
        raise ParamMissing(f"{paths.PARAMS} has no `{name}`; add it, or take it from Git again") from error
