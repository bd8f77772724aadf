"""Takes gzip and zstd off a file, to its last byte, and puts them around another; piece by piece."""

from __future__ import annotations

import gzip
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ml_assets.landing.errors import Rejected
from ml_assets.landing.formats.suffix import Compression

CHUNK_BYTES = 1 << 20


def require_content(path: Path) -> None:
    """Raises Rejected for a file of no bytes."""
    # First of all: an empty zstd is read as empty content, without a word.
    if path.stat().st_size == 0:
        raise Rejected("the file is empty (0 bytes): land it again, whole", cause="form")


def unpack(path: Path, compression: Compression, into: Path, *, most: int) -> Path:
    """What is inside of `path`, in the file `into`.

    Raises Rejected when it is torn, damaged, empty, or holds more than `most` bytes.
    """
    size = 0
    with into.open("wb") as target:
        for chunk in _chunks(path, compression):
            size += len(chunk)
            if size > most:
                raise Rejected(
                    f"the {compression} file holds more than {most:,} bytes: land it in parts, or raise "
                    "`max_unpacked_bytes`",
                    cause="form",
                )
            target.write(chunk)
    if not size:
        raise Rejected(f"the {compression} file holds nothing: land it again, with its content", cause="form")
    return into


def pack(path: Path, compression: Compression, into: Path) -> Path:
    """`path` compressed, in the file `into`: equal content gives equal bytes, whenever it is done."""
    with path.open("rb") as content:
        if compression == "zstd":
            import pyarrow as pa

            with pa.output_stream(str(into), compression="zstd") as target:
                shutil.copyfileobj(content, target, CHUNK_BYTES)
        else:
            # Without a name and a time, which gzip would write down.
            with into.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as target:
                shutil.copyfileobj(content, target, CHUNK_BYTES)
    return into


def _chunks(path: Path, compression: Compression) -> Iterator[bytes]:
    size = 0
    try:
        # Only reading is in here: a full disk is no fault of the file.
        source = _opened(path, compression)
    except OSError as error:
        raise _torn(compression, size, error) from error
    with source:
        while True:
            try:
                chunk: bytes = source.read(CHUNK_BYTES)
            except (OSError, EOFError, zlib.error) as error:
                raise _torn(compression, size, error) from error
            if not chunk:
                return
            size += len(chunk)
            yield chunk


def _opened(path: Path, compression: Compression) -> Any:
    if compression == "gzip":
        return gzip.open(path)
    import pyarrow as pa

    return pa.input_stream(str(path), compression="zstd")


def _torn(compression: Compression, size: int, error: Exception) -> Rejected:
    return Rejected(
        f"the {compression} file is cut or damaged after {size:,} bytes of its content ({error}): "
        "land it again, whole",
        cause="form",
    )
