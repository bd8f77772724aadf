"""Resolves hashes as DVC and the ledger write them, and files by their content."""

from __future__ import annotations

import re
from hashlib import file_digest
from sqlite3 import Connection

from ml_assets.ledger.index.errors import Ambiguous
from ml_assets.ledger.index.nodes import Kind, Node, Start
from ml_assets.ledger.index.question import Question

_HASH = re.compile(r"(?:md5:|sha256:)?(?P<hex>[0-9a-f]{7,64})(?:\.dir)?")


def by_hash(connection: Connection, question: Question) -> Start | None:
    """The newest version with an md5 or a SHA-256, or with one that begins so (seven digits and more)."""
    found = _HASH.fullmatch(question.name.lower())
    return _of_content(connection, question.text, found["hex"]) if found else None


def by_file(connection: Connection, question: Question) -> Start | None:
    """A file that lies anywhere on this disk, such as a model that somebody was sent."""
    if not question.file.is_file():
        return None
    for algorithm in ("sha256", "md5"):
        with question.file.open("rb") as opened:
            digest = file_digest(opened, algorithm).hexdigest()
        if (start := _of_content(connection, question.text, digest)) is not None:
            return Start(start.nodes, f"{question.name} (by its {algorithm}) is {start.said}", start.record)
    return None


def _of_content(connection: Connection, text: str, digest: str) -> Start | None:
    """Of an output first, since landed bytes and outputs are seldom equal; then of a source, then landed."""
    between = {"low": digest, "high": f"{digest}~"}
    if found := connection.execute(_UNION, between).fetchall():
        versions = sorted({f"{row['path']} {row['hash']}" for row in found})
        if len({row["hash"] for row in found}) > 1:
            raise Ambiguous(text, choices=versions)
        row = found[0]
        first = found[-1]["since"]
        before = f", as in record {first} already" if first < row["since"] else ""
        said = f"{row['path']} ({row['hash']}), of record {row['since']}{before}"
        return Start((Node(Kind.STAGE_RUN, row["id"]),), said, row["since"])
    for kind, query, said in _OTHERS:
        if found := connection.execute(query, between).fetchall():
            if len({row["hash"] for row in found}) > 1:
                raise Ambiguous(text, choices=sorted({row["hash"] for row in found}))
            return Start((Node(kind, found[0]["id"]),), said.format(**dict(found[0])), found[0]["since"])
    return None


_UNION = """
SELECT span.id, out.path, out.hash, span.since FROM out JOIN span ON span.entry = out.entry
    WHERE out.hash BETWEEN :low AND :high
UNION SELECT span.id, out.path, out.hash, span.since FROM sha256
    JOIN out ON out.path = sha256.path AND out.hash = sha256.md5 JOIN span ON span.entry = out.entry
    WHERE sha256.sha256 BETWEEN :low AND :high
ORDER BY since DESC, id DESC
"""
_OTHERS = (
    (
        Kind.SOURCE,
        """SELECT id, path, hash, record AS since FROM state WHERE hash BETWEEN :low AND :high
        ORDER BY record DESC, id DESC""",
        "{path} ({hash}) as record {since} left it",
    ),
    (
        Kind.LANDED,
        """SELECT id, bucket, key, sha256 AS hash, since FROM landed
        WHERE sha256 BETWEEN :low AND :high OR in_raw_sha256 BETWEEN :low AND :high
        ORDER BY since DESC, id DESC""",
        "s3://{bucket}/{key}, landed in record {since}",
    ),
)
