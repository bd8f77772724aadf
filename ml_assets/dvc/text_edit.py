"""Edits of a text at places in it, and the lines around a place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """`text` instead of what stands from `start` up to `end`; nothing stands there where they are equal."""

    start: int
    end: int
    text: str


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text after all edits, which must not overlap."""
    for edit in sorted(set(edits), key=lambda each: each.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def column(text: str, at: int) -> int:
    """How many characters stand before `at` in its line; a mark of byte order is none."""
    return at - max(text.rfind("\n", 0, at) + 1, int(text.startswith("\ufeff")))


def after_line(text: str, at: int) -> int:
    """The start of the line after the one in which the value that ends at `at` does."""
    if text[at - 1 : at] == "\n":
        return at  # a block of text ends with its line
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def insert_lines(text: str, at: int, lines: Sequence[str]) -> Edit:
    """Whole lines behind the line that `at` is in, ended as the text ends its own."""
    place = after_line(text, at)
    end = newline(text)
    if place == len(text) and not text.endswith("\n"):
        return Edit(place, place, "".join(f"{end}{line}" for line in lines))
    return Edit(place, place, "".join(f"{line}{end}" for line in lines))


def newline(text: str) -> str:
    """How the first line of a text ends."""
    at = text.find("\n")
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"
