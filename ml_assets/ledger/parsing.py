"""Reads a record from its bytes, and refuses what is none."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from ml_assets.ledger.canonical import canonical_json, sha256_hex
from ml_assets.ledger.errors import RecordCorrupt, RecordTooNew
from ml_assets.ledger.record import KINDS, SCHEMA, AnyRecord, checksum_of, validate_record


def parse_record(data: bytes, *, number: int, where: str) -> AnyRecord:
    """The record in `data`, which was stored as `number`.

    Raises RecordCorrupt when it is torn, edited into nonsense or another number's, RecordTooNew when a later
    version wrote it.
    """
    fields = _fields(data, number=number, where=where)
    # First, for a flipped byte may look like a version or a kind that is yet to come.
    _require_whole(fields, data, number=number, where=where)
    _refuse_newer(fields, number=number, where=where)
    try:
        record = validate_record(fields)
    except ValidationError as error:
        raise RecordCorrupt(number=number, where=where, cause=_first(error)) from error
    if record.number != number:
        raise RecordCorrupt(number=number, where=where, cause=f"it says that it is record {record.number}")
    # An earlier version of ours wrote fewer fields: the digest is of the bytes, not of what we would write.
    stored = sha256_hex(data)
    if stored != record.digest:
        record._stored_digest = stored
    return record


def _require_whole(fields: dict[str, Any], data: bytes, *, number: int, where: str) -> None:
    said = fields.get("checksum")
    if said is None:
        return
    if said != checksum_of(fields) or canonical_json(fields) != data:
        cause = "its checksum is of other content: a byte was changed"
        raise RecordCorrupt(number=number, where=where, cause=cause)


def _fields(data: bytes, *, number: int, where: str) -> dict[str, Any]:
    try:
        fields = json.loads(data)
    except ValueError as error:
        cause = f"it is not JSON ({len(data)} bytes; {error})"
        raise RecordCorrupt(number=number, where=where, cause=cause) from error
    if not isinstance(fields, dict):
        raise RecordCorrupt(number=number, where=where, cause="it is not a JSON object")
    return fields


def _refuse_newer(fields: dict[str, Any], *, number: int, where: str) -> None:
    schema, kind = fields.get("schema"), fields.get("kind")
    if isinstance(schema, int) and schema > SCHEMA:
        raise RecordTooNew(number=number, where=where, found=f"schema {schema}", known=f"schema {SCHEMA}")
    if isinstance(kind, str) and kind not in KINDS:
        raise RecordTooNew(number=number, where=where, found=f"kind {kind!r}", known=" and ".join(KINDS))


def _first(error: ValidationError) -> str:
    """The first finding without the value, which may be long."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    place = ".".join(str(part) for part in found[0]["loc"])
    return f"{place}: {found[0]['msg']} ({len(found)} finding(s))"
