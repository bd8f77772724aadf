"""A YAML text as a tree whose nodes know where they stand in it, so that the text can be edited in place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML

MERGE = "<<"


@dataclass(frozen=True, eq=False)
class Node:
    """A value in the text, from `start` up to `end`; a block that holds others ends with the last of them."""

    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Scalar(Node):
    """`style` is its quote, `|` or `>` for a block, empty for a plain one."""

    value: str
    style: str


@dataclass(frozen=True, eq=False)
class Items(Node):
    """A sequence; `flow` is `[a, b]`."""

    items: tuple[Node, ...]
    flow: bool


@dataclass(frozen=True, eq=False)
class Pairs(Node):
    """A mapping; `flow` is `{a: b}`."""

    pairs: tuple[tuple[Node, Node], ...]
    flow: bool

    def own(self, name: str) -> Node | None:
        """The value of a key that stands in the mapping itself, an alias as such."""
        return next((value for key, value in self.pairs if _text(key) == name), None)

    def get(self, name: str) -> Node | None:
        """The value of a key, also of one that is merged in, behind aliases."""
        if (value := self.own(name)) is not None:
            return real(value)
        found = (each.get(name) for each in self._merged())
        return next((value for value in found if value is not None), None)

    def _merged(self) -> Iterator[Pairs]:
        merged = real(self.own(MERGE))
        for each in merged.items if isinstance(merged, Items) else (merged,):
            if isinstance(node := real(each), Pairs):
                yield node


@dataclass(frozen=True, eq=False)
class Alias(Node):
    """`*name`, with the node that has the anchor of that name."""

    target: Node


def real(node: Node | None) -> Node | None:
    """What a node is, behind its alias."""
    return node.target if isinstance(node, Alias) else node


def read_tree(text: str) -> Node | None:
    """The tree of the first document in a text; None where it is empty.

    Raises:
        ruamel.yaml.error.YAMLError: it is not YAML.
    """
    return _Builder(text, YAML(typ="safe", pure=True).parse(text)).document()


def _text(node: Node) -> str | None:
    return node.value if isinstance(node, Scalar) else None


class _Builder:
    def __init__(self, text: str, events: Iterator[Any]) -> None:
        self._text = text
        self._events = events
        self._anchors: dict[str, Node] = {}

    def document(self) -> Node | None:
        for event in self._events:
            if type(event).__name__ not in ("StreamStartEvent", "DocumentStartEvent"):
                return None if type(event).__name__ == "StreamEndEvent" else self._node(event)
        return None

    def _node(self, event: Any) -> Node:
        kind = type(event).__name__
        if kind == "AliasEvent":
            return Alias(event.start_mark.index, event.end_mark.index, self._anchors[event.anchor])
        node = self._scalar(event) if kind == "ScalarEvent" else self._collection(event)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _scalar(self, event: Any) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        written = self._text[start:end]
        if event.style in ("|", ">") and "+" not in written.partition("\n")[0]:
            # The parser counts the empty lines behind a block to it, though they say nothing.
            end = start + len(written.rstrip())
        return Scalar(start, end, event.value, event.style or "")

    def _collection(self, event: Any) -> Node:
        inside: list[Node] = []
        for each in self._events:
            if type(each).__name__ in ("SequenceEndEvent", "MappingEndEvent"):
                break
            inside.append(self._node(each))
        start, flow = event.start_mark.index, bool(event.flow_style)
        # The end that the parser tells of a block is the start of what follows it, comments in between.
        end = each.end_mark.index if flow or not inside else inside[-1].end
        if type(event).__name__ == "SequenceStartEvent":
            return Items(start, end, tuple(inside), flow)
        return Pairs(start, end, tuple(zip(inside[::2], inside[1::2], strict=True)), flow)
