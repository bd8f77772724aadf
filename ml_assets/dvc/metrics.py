"""The content of a metrics file, as DVC reads it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import yaml


def read_metrics(path: Path) -> Any:
    """The content of a metrics file in JSON, TOML or YAML. Raises ValueError and yaml.YAMLError."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".toml":
        return tomllib.loads(text)
    return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
