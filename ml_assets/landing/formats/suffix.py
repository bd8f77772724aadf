"""Which format a file is, by the suffix of its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ml_assets.landing.errors import Rejected

Kind = Literal["csv", "jsonl", "parquet"]
Compression = Literal["gzip", "zstd"]


@dataclass(frozen=True, slots=True)
class Format:
    """What is in a file; `compression` is around the whole of it (Parquet has its own inside)."""

    kind: Kind
    compression: Compression | None = None


_TEXT: dict[str, Kind] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_AROUND: dict[str, Compression | None] = {"": None, ".gz": "gzip", ".zst": "zstd"}
FORMATS: dict[str, Format] = {
    **{
        f"{text}{end}": Format(kind, around)
        for text, kind in _TEXT.items()
        for end, around in _AROUND.items()
    },
    ".parquet": Format("parquet"),
}


def format_of(name: str) -> Format:
    """Raises Rejected when the name says no format that can be checked."""
    found = next((known for suffix, known in FORMATS.items() if name.lower().endswith(suffix)), None)
    if found is None:
        raise Rejected(
            f"the name '{name}' ends in none of {', '.join(FORMATS)}: land it under a name that does",
            cause="name",
        )
    return found
