"""Resolves code: a file that stages depend on or reach by imports, and commits."""

from __future__ import annotations

import re
import subprocess
from sqlite3 import Connection, Row

from ml_assets.ledger.index.by_name import told_ranges
from ml_assets.ledger.index.errors import Ambiguous, NotThen
from ml_assets.ledger.index.nodes import Kind, Node, Start
from ml_assets.ledger.index.question import Question
from ml_assets.ledger.index.schema import OPEN

_COMMIT = re.compile(r"[0-9a-f]{7,40}")

USERS = """
SELECT span.id, span.since, span.until FROM code_file JOIN span ON span.imported = code_file.code_set
    WHERE code_file.path = :path
UNION SELECT span.id, span.since, span.until FROM code_file JOIN span ON span.declared = code_file.code_set
    WHERE code_file.path = :path
"""


def by_code(connection: Connection, question: Question) -> Start | None:
    """The stage runs that used any version of a code file, or those of the record that is named.

    Of a file in a folder that is a dependency as a whole, those that used the folder.
    """
    for path in question.paths:
        parts = path.split("/")
        for depth in range(len(parts), 0, -1):
            code = "/".join(parts[:depth])
            if found := connection.execute(USERS, {"path": code}).fetchall():
                return _users(found, code if code == path else f"{code} (for {path})", question)
    return None


def _users(found: list[Row], told: str, question: Question) -> Start:
    at = question.record
    then = [row["id"] for row in found if at is None or row["since"] <= at < row["until"]]
    if not then:
        raise NotThen(question.text, record=at or 0, known=told_ranges(found))
    nodes = tuple(Node(Kind.STAGE_RUN, each) for each in then)
    return Start(nodes, f"the code {told}, in {len(then)} stage runs", at)


def by_commit(connection: Connection, question: Question) -> Start | None:
    """The stage runs that began with a commit's code: its hash, seven digits of it, or a name of Git's."""
    name = question.name
    commits = _recorded(connection, name) if _COMMIT.fullmatch(name) else []
    if not commits and (named := _named_by_git(question)):
        commits = _recorded(connection, named)
    if len(commits) > 1:
        raise Ambiguous(question.text, choices=commits)
    if not commits:
        return None
    found = connection.execute(
        "SELECT span.id FROM span JOIN record ON record.number = span.since WHERE record.git_commit = ?"
        " AND span.since <= ? ORDER BY span.id",
        (commits[0], question.record or OPEN),
    ).fetchall()
    said = f"commit {commits[0][:12]}, with which {len(found)} stage runs began"
    return Start(tuple(Node(Kind.STAGE_RUN, row["id"]) for row in found), said, question.record)


def _recorded(connection: Connection, start: str) -> list[str]:
    query = "SELECT DISTINCT git_commit FROM record WHERE git_commit BETWEEN ? AND ? ORDER BY 1"
    return [row["git_commit"] for row in connection.execute(query, (start, f"{start}~"))]


def _named_by_git(question: Question) -> str | None:
    if question.name.startswith("-"):
        return None
    command = ["git", "rev-parse", "--verify", "--quiet", f"{question.name}^{{commit}}"]
    try:
        done = subprocess.run(command, cwd=question.root, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None
