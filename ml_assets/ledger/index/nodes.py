"""What the graph of the ledger consists of: the kinds of nodes, and where a question begins."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a node of the lineage is."""

    STAGE_RUN = "stage run"
    """A stretch of records in which a stage has one entry in dvc.lock."""
    SOURCE = "source"
    """What a .dvc file named after a record."""
    LANDED = "landed object"
    CODE = "code"
    EXTERNAL = "external"
    """A dependency at an address of its own."""
    UNRECORDED = "unrecorded"
    """A version of an output or source that was read, and that no record holds."""
    COMMIT = "commit"


@dataclass(frozen=True)
class Node:
    """A row of the index: of a stage run, a source or a landed object."""

    kind: Kind
    id: int


@dataclass(frozen=True)
class Start:
    """Where a question begins: the nodes that its argument names, and what that is, in words."""

    nodes: tuple[Node, ...]
    said: str
    record: int | None = None
    """The record at which it was looked at; None where all of them count."""

    def ids(self, kind: Kind) -> list[int]:
        return [node.id for node in self.nodes if node.kind is kind]
