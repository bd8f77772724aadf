"""What somebody asks about, as it was typed and as it may be meant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Question:
    """`name` is `text` without `@record`; `paths` are what it may be, seen from the project's root."""

    text: str
    name: str
    record: int | None
    paths: tuple[str, ...]
    file: Path
    root: Path
