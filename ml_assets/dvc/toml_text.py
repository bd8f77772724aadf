"""TOML, parsed once: several look at the same pyproject.toml when definitions load."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=8)
def parse_toml(text: str) -> Mapping[str, Any]:
    """What `text` says, the same object for all who ask.

    Raises:
        tomllib.TOMLDecodeError: it is no TOML.
    """
    return tomllib.loads(text)
