"""Access policies of queues and topics: whether a statement is in force, and with it put in. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_NEW: Mapping[str, Any] = {"Version": "2012-10-17", "Statement": []}


def has_statement(policy: str | None, statement: Mapping[str, Any]) -> bool:
    """Whether the policy, as JSON, has this statement or one that differs by its Sid alone."""
    return any(_unnamed(each) == _unnamed(statement) for each in _statements(policy))


def with_statement(policy: str | None, statement: Mapping[str, Any]) -> str:
    """The policy with this statement, in the place of that of the same Sid; all others stay."""
    document = json.loads(policy) if policy else dict(_NEW)
    others = [each for each in _statements(policy) if each.get("Sid") != statement["Sid"]]
    return json.dumps({**document, "Statement": [*others, statement]})


def _statements(policy: str | None) -> list[Mapping[str, Any]]:
    found = json.loads(policy)["Statement"] if policy else []
    # A single statement need not be in a list.
    return [found] if isinstance(found, dict) else list(found)


def _unnamed(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name != "Sid"}
