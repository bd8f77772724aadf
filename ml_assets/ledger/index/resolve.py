"""What an argument means: tables of resolvers, each of which knows one kind of name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from sqlite3 import Connection

from ml_assets.ledger.index.by_code import by_code, by_commit
from ml_assets.ledger.index.by_hash import by_file, by_hash
from ml_assets.ledger.index.by_name import by_landed_path, by_output, by_source, by_url
from ml_assets.ledger.index.errors import NothingFound
from ml_assets.ledger.index.near import near_names
from ml_assets.ledger.index.nodes import Start
from ml_assets.ledger.index.question import Question

Resolver = Callable[[Connection, Question], Start | None]
"""The start that the question means, None when it is no name of this kind.

Raises NotThen and Ambiguous.
"""

WHY: Mapping[str, Resolver] = {
    "an output": by_output,
    "a tracked folder or file": by_source,
    "a landed file": by_landed_path,
    "an object's address": by_url,
    "a hash": by_hash,
    "a file on this disk": by_file,
}
"""In this order: what a name means first. A version of a model, say, is an entry more."""

IMPACT: Mapping[str, Resolver] = {
    "an object's address": by_url,
    "a landed file": by_landed_path,
    "a tracked folder or file": by_source,
    "an output": by_output,
    "a code file": by_code,
    "a commit": by_commit,
    "a hash": by_hash,
}

_AT = re.compile(r"(?P<name>.+)@(?P<record>\d+)")


def asked(text: str, *, root: Path, here: Path) -> Question:
    """The question that somebody in the folder `here` asks with `text`: a name, or name@record."""
    found = _AT.fullmatch(text)
    name = found["name"] if found else text
    paths = [name.rstrip("/").removeprefix("./")]
    inside = (here / name).resolve()
    if "://" not in name and inside.is_relative_to(root.resolve()):
        paths.insert(0, inside.relative_to(root.resolve()).as_posix())
    return Question(
        text=text,
        name=name,
        record=int(found["record"]) if found else None,
        paths=tuple(dict.fromkeys(paths)),
        file=here / name,
        root=root,
    )


def resolve(connection: Connection, question: Question, resolvers: Mapping[str, Resolver]) -> Start:
    """Where the answer begins. Raises NothingFound, NotThen and Ambiguous."""
    for resolver in resolvers.values():
        if (start := resolver(connection, question)) is not None:
            return start
    raise NothingFound(
        question.text,
        looked_for=list(resolvers),
        near=near_names(connection, question.paths[0]),
        advice=_advice(connection, question),
    )


def _advice(connection: Connection, question: Question) -> str:
    refused = connection.execute(
        "SELECT * FROM refused WHERE key = ? ORDER BY record DESC LIMIT 1",
        (question.name.partition("://")[2].partition("/")[2],),
    ).fetchone()
    if refused is not None:
        return f"Record {refused['record']} refused it ({refused['reason']}); it never was in raw."
    return "List the records with `ml-assets log`, and what one of them holds with `ml-assets show <number>`."
