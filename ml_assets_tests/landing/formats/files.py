"""The same rows as a file of any format, and back."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
import pyarrow as pa

from ml_assets.landing.contract import Policy

SUFFIXES = (
    ".csv",
    ".csv.gz",
    ".csv.zst",
    ".jsonl",
    ".jsonl.gz",
    ".jsonl.zst",
    ".ndjson",
    ".parquet",
)
# Without an end of their own: a cut between two lines makes a shorter whole file.
LINES = (".csv", ".jsonl", ".ndjson")
Row = Mapping[str, Any]


class Trips(dy.Schema):
    """`miles` are whole and not negative; a trip to nowhere is none."""

    city = dy.String(nullable=False, min_length=1)
    miles = dy.Int64(nullable=False, min=0)
    note = dy.String(nullable=True)


@dataclass(frozen=True)
class OfTrips:
    schema: type[dy.Schema] = Trips
    date_columns: tuple[str, ...] = ()
    file_name: str = ""
    policy: Policy = "quarantine"


GOOD: tuple[Row, ...] = (
    {"city": "NYC", "miles": 1, "note": "fine"},
    {"city": "BOS", "miles": 22, "note": None},
    {"city": "Zürich", "miles": 333, "note": 'a "quoted", long\nnote'},
)


def encoded(rows: Sequence[Row], suffix: str, schema: Mapping[str, Any] | None = None) -> bytes:
    """The rows as the bytes of a file; columns of Parquet have the types that `schema` names."""
    if suffix == ".parquet":
        target = io.BytesIO()
        pl.DataFrame(rows, schema_overrides=schema, infer_schema_length=None).write_parquet(target)
        return target.getvalue()
    text = _csv(rows) if suffix.startswith(".csv") else _json(rows)
    return compressed(text, suffix)


def compressed(content: bytes, suffix: str) -> bytes:
    if suffix.endswith(".gz"):
        return gzip.compress(content)
    if suffix.endswith(".zst"):
        target = pa.BufferOutputStream()
        with pa.CompressedOutputStream(target, "zstd") as stream:
            stream.write(content)
        return bytes(target.getvalue().to_pybytes())
    return content


def decoded(path: Path, suffix: str) -> list[dict[str, Any]]:
    """The rows of a file, without our code; those of CSV are text, and what is empty is None."""
    if suffix == ".parquet":
        return pl.read_parquet(path).to_dicts()
    raw = path.read_bytes()
    if suffix.endswith(".gz"):
        raw = gzip.decompress(raw)
    elif suffix.endswith(".zst"):
        raw = pa.CompressedInputStream(pa.BufferReader(raw), "zstd").read()
    text = raw.decode()
    if suffix.startswith(".csv"):
        rows = csv.DictReader(io.StringIO(text, newline=""))
        return [{name: value or None for name, value in row.items()} for row in rows]
    return [json.loads(line) for line in text.splitlines()]


def as_text(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [{name: None if value is None else str(value) for name, value in row.items()} for row in rows]


def expected(rows: Sequence[Row], suffix: str) -> list[dict[str, Any]]:
    """What `decoded` makes of a file of these rows."""
    return as_text(rows) if suffix.startswith(".csv") else [dict(row) for row in rows]


def _csv(rows: Sequence[Row]) -> bytes:
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue().encode()


def _json(rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
