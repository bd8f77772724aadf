"""The digest of a value, whatever YAML made of it: keys that are numbers, dates."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def digest_of(value: Any) -> str:
    """SHA-256 of `value` as JSON, the keys of its mappings sorted as texts."""
    return hashlib.sha256(
        json.dumps(_with_text_keys(value), sort_keys=True, default=str).encode()
    ).hexdigest()


def _with_text_keys(value: Any) -> Any:
    # Keys of several types cannot be sorted.
    if isinstance(value, Mapping):
        return {str(key): _with_text_keys(each) for key, each in value.items()}
    return [_with_text_keys(each) for each in value] if isinstance(value, list | tuple) else value
