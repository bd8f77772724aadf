"""Durations as people write them in dvc.yaml: 90m, 24h, 2d."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WRITTEN = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[smhdw])")


def parse_duration(written: Any) -> Any:
    """A `timedelta` of text such as `24h`; whatever is no such text comes back as it is.

    Raises:
        ValueError: text in another form.
    """
    if not isinstance(written, str):
        return written
    match = _WRITTEN.fullmatch(written.strip())
    if match is None:
        raise ValueError(f"'{written}' is no duration; write 90m, 24h or 2d")
    return timedelta(**{UNITS[match["unit"]]: float(match["number"])})


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
