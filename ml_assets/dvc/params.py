"""The values of the params that a stage declares, read as DVC reads them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ml_assets.dvc.errors import ParamsUnreadable
from ml_assets.dvc.manifest import Stage
from ml_assets.dvc.python_params import read_python_params


def param_values(root: Path, stage: Stage) -> dict[str, dict[str, Any]]:
    """Params file → declared key → value now; a stage that declares a whole file gets all of it.

    Raises:
        ParamsUnreadable: a params file is missing or broken.
    """
    return {file: _declared(_read_values(root / file), keys) for file, keys in stage.params.items()}


def _read_values(path: Path) -> dict[str, Any]:
    content = read_params(path)
    if path.suffix != ".py":
        return content
    try:
        return read_python_params(content["text"])
    except (SyntaxError, ValueError) as error:
        raise ParamsUnreadable(path, str(error)) from error


def read_params(path: Path) -> dict[str, Any]:
    """The content of a params file in YAML, JSON or TOML; one in Python is kept as its text.

    Raises:
        ParamsUnreadable: it is missing or broken.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".toml":
            return tomllib.loads(text)
        if path.suffix == ".json":
            return dict(json.loads(text))
        if path.suffix == ".py":
            return {"text": text}
        return dict(_yaml(text))
    except (OSError, ValueError, TypeError, YAMLError) as error:
        raise ParamsUnreadable(path, str(error)) from error


@lru_cache(maxsize=8)
def _yaml(text: str) -> Mapping[str, Any]:
    # DVC's own library, since PyYAML speaks YAML 1.1, in which 1e-3 is text; it is slow, and each stage asks.
    return dict(YAML(typ="safe").load(text) or {})


def _declared(content: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    if not keys:
        return dict(content)
    return {key: _lookup(content, key) for key in keys}


def _lookup(content: Any, key: str) -> Any:
    # A key that is not there counts as None: DVC itself says so when the stage runs.
    for part in key.split("."):
        content = _child(content, part)
    return content


def _child(content: Any, part: str) -> Any:
    if isinstance(content, Mapping):
        # Keys in YAML may be numbers.
        return content.get(part, next((value for key, value in content.items() if str(key) == part), None))
    if isinstance(content, list | tuple) and part.isdigit() and int(part) < len(content):
        return content[int(part)]
    return None
