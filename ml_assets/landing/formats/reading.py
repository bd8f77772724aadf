"""How files are read, as far as a project's settings decide it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LineEnd = Literal["required", "optional"]
"""Whether a CSV's last line must have an end. RFC 4180 leaves it open; a file that was cut has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`max_unpacked_bytes` bounds what a compressed file may hold: a small one can fill any disk."""

    last_line_end: LineEnd = "required"
    max_unpacked_bytes: int = 16 << 30


AS_USUAL = Reading()
