"""Whether a file is JSON lines: one whole object on each line, to the line on which it stops being that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from ml_assets.landing.errors import Rejected

# A line is held in memory as a whole.
LONGEST_LINE_BYTES = 64 << 20


def objects_of(path: Path) -> Iterator[dict[str, Any]]:
    """The object on each line. Raises Rejected at the first line that holds none.

    An object has an end of its own, so that the last line needs none.
    """
    with path.open("rb") as file:
        lines = iter(lambda: file.readline(LONGEST_LINE_BYTES + 1), b"")
        for number, line in enumerate(lines, start=1):
            yield _object(line, number)


def _object(line: bytes, number: int) -> dict[str, Any]:
    if len(line) > LONGEST_LINE_BYTES:
        raise _unreadable(number, f"is longer than {LONGEST_LINE_BYTES:,} bytes")
    if not line.strip():
        raise _unreadable(number, "is blank")
    try:
        found = json.loads(line.decode(), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise _unreadable(number, "is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(number, f"is no whole JSON ({error})") from error
    if not isinstance(found, dict):
        raise _unreadable(number, "is JSON, but no object")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _unreadable(line: int, what: str) -> Rejected:
    return Rejected(f"unreadable as JSON lines: line {line} {what}: land the file again, whole", cause="form")
