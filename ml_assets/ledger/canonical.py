"""The one way in which a record is written as JSON, so that equal records have equal bytes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from hashlib import sha256
from typing import Annotated, Any

from pydantic import BeforeValidator, JsonValue


def canonical_json(value: object) -> bytes:
    """Sorted keys, no spaces, UTF-8; `value` consists of plain JSON values."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def sha256_hex(data: bytes) -> str:
    return sha256(data).hexdigest()


def plain(value: Any) -> Any:
    """The same value in what JSON can say; what it cannot say is left for the validator to refuse.

    Params come from YAML (dates, keys that are numbers) and metrics from arithmetic (NaN), and neither
    may cost a record: dates become ISO text, keys text, NaN and the infinities the text of their name.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(float(value))
    return value


Plain = Annotated[JsonValue, BeforeValidator(plain)]
"""A value out of a params or metrics file."""
