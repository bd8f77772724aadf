"""An explicit list of objects to take in: one a line, by key, `s3://…` address, or as JSON with a `key`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ml_assets.landing.errors import ManifestInvalid


def keys_of(lines: Iterable[str], *, bucket: str, prefix: str) -> list[str]:
    """The keys of a manifest, each once, in its order; empty lines and those that begin with # are none.

    Raises ManifestInvalid, with the line's number, for what is no key below `prefix` of `bucket`.
    """
    found: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip("\r\n")
        if text.strip() and not text.startswith("#"):
            found[_key(text, number=number, bucket=bucket, prefix=prefix)] = None
    return list(found)


def _key(text: str, *, number: int, bucket: str, prefix: str) -> str:
    key = _of_json(text, number) if text.startswith("{") else text
    home = f"s3://{bucket}/"
    if key.startswith("s3://"):
        if not key.startswith(home):
            raise ManifestInvalid(line=number, reason=f"{key} is not in the bucket '{bucket}'")
        key = key.removeprefix(home)
    if not key.startswith(prefix) or key.endswith("/"):
        raise ManifestInvalid(line=number, reason=f"{key} is no object below {home}{prefix}")
    return key


def _of_json(text: str, number: int) -> str:
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        raise ManifestInvalid(line=number, reason=f"it is no JSON ({error})") from error
    key = found.get("key", found.get("Key"))
    if not isinstance(key, str):
        raise ManifestInvalid(line=number, reason='it has no "key"')
    return key
