"""The Python in a notebook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

# IPython's own commands, and lines for a shell: no Python.
MAGIC = ("%", "!", "?")


def notebook_code(content: bytes) -> bytes:
    """The code cells of a notebook as one source; empty where it is no notebook."""
    try:
        cells = json.loads(content)["cells"]
    except (ValueError, KeyError, TypeError):
        return b""
    return "\n".join(line for cell in cells for line in _lines(cell)).encode()


def _lines(cell: dict[str, Any]) -> Iterator[str]:
    source = cell.get("source", "")
    text = source if isinstance(source, str) else "".join(source)
    if cell.get("cell_type") != "code" or text.startswith("%%"):
        return
    for line in text.splitlines():
        body = line.lstrip()
        # `pass` keeps a block that held nothing else.
        yield line[: len(line) - len(body)] + "pass" if body.startswith(MAGIC) else line
