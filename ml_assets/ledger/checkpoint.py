"""The records of a full shard in one object: a long ledger is read by the thousand.

A checkpoint is only a faster copy. What reads it compares links and checksums as with the records themselves,
and `ml-assets verify` compares it with them.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence

from ml_assets.ledger.errors import CheckpointCorrupt


def pack(records: Sequence[bytes]) -> bytes:
    """The stored bytes of each record as a line, compressed; equal records make equal bytes."""
    return gzip.compress(b"".join(record + b"\n" for record in records), compresslevel=6, mtime=0)


def unpack(data: bytes, *, where: str) -> list[bytes]:
    """Raises CheckpointCorrupt."""
    try:
        return gzip.decompress(data).splitlines()
    except (OSError, EOFError, zlib.error) as error:
        raise CheckpointCorrupt(where=where, cause=str(error)) from error
