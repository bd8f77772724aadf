"""Names that are like one that nothing is called by."""

from __future__ import annotations

from difflib import get_close_matches
from sqlite3 import Connection

MOST = 2000
"""Comparing more takes longer than reading the message."""


def near_names(connection: Connection, name: str) -> list[str]:
    """At most three names of outputs, sources, code and landed files."""
    query = """
    SELECT path FROM out UNION SELECT path FROM state UNION SELECT path FROM code_file
    UNION SELECT source || '/' || path FROM (SELECT source, path FROM landed ORDER BY id DESC LIMIT ?)
    """
    known = [row["path"] for row in connection.execute(query, (MOST,))]
    found = get_close_matches(name, known[: 2 * MOST], n=3)
    ends = [each for each in known if each.rpartition("/")[2] == name.rpartition("/")[2]]
    return list(dict.fromkeys([*found, *ends]))[:3]
