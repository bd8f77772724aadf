"""How new items are written into a YAML sequence, in the style of those that are there."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from ruamel.yaml import YAML

from ml_assets.dvc.text_edit import Edit, after_line, column, insert_lines, newline
from ml_assets.dvc.yaml_text import Items, Node, Pairs, Scalar

# Words that YAML takes for text, unless they are numbers, dates or the like.
PLAIN = re.compile(r"[\w./]([\w./+@=~ -]*[\w./+@=~-])?")
# How far below their key items stand where the file shows no habit of its own.
INDENT = 2


def insert_items(text: str, sequence: Items, values: Sequence[str]) -> list[Edit]:
    """More items behind the last one, on lines of their own where the others are."""
    if not sequence.items:
        opening = text.index("[", sequence.start) + 1
        return [Edit(opening, opening, ", ".join(_written(value) for value in values))]
    last = sequence.items[-1]
    written = [_written(value, like=last) for value in values]
    if not sequence.flow:
        return [_block_lines(text, last, written)]
    before = text[last.start - column(text, last.start) : last.start]
    if before.strip():
        return [Edit(last.end, last.end, "".join(f", {item}" for item in written))]
    if after_line(text, last.end) >= sequence.end:
        glue = f",{newline(text)}{before}"
        return [Edit(last.end, last.end, "".join(f"{glue}{item}" for item in written))]
    return _flow_lines(text, last, before, written)


def _block_lines(text: str, last: Node, written: Sequence[str]) -> Edit:
    dash = text.rindex("-", 0, last.start)
    gap = text[dash + 1 : last.start]
    gap = gap if gap.isspace() and "\n" not in gap else " "
    indent = " " * column(text, dash)
    return insert_lines(text, last.end, [f"{indent}-{gap}{item}" for item in written])


def _flow_lines(text: str, last: Node, indent: str, written: Sequence[str]) -> list[Edit]:
    """Lines of their own, with the comma that the last item may lack, and without one where it does."""
    rest = text[last.end : after_line(text, last.end)]
    if rest.lstrip().startswith(","):
        return [insert_lines(text, last.end, [f"{indent}{item}," for item in written])]
    *others, final = written
    lines = [*(f"{indent}{item}," for item in others), f"{indent}{final}"]
    return [Edit(last.end, last.end, ","), insert_lines(text, last.end, lines)]


def written_list(values: Sequence[str]) -> str:
    """A sequence on one line."""
    return f"[{', '.join(_written(value) for value in values)}]"


def insert_list(text: str, mapping: Pairs, name: str, values: Sequence[str], *, behind: str) -> Edit:
    """A new key with a sequence in a mapping, after the key `behind` or, without that, after the last one."""
    named = [pair for pair in mapping.pairs if isinstance(pair[0], Scalar) and pair[0].value == behind]
    key, value = (named or mapping.pairs)[-1]
    if mapping.flow:
        return Edit(value.end, value.end, f", {name}: {written_list(values)}")
    indent = " " * column(text, key.start)
    items = f"{indent}{' ' * INDENT}- "
    return insert_lines(text, value.end, [f"{indent}{name}:", *(items + _written(each) for each in values)])


def _written(value: str, *, like: Node | None = None) -> str:
    """A value as YAML says it, in the quotes of its neighbour."""
    style = like.style if isinstance(like, Scalar) else ""
    if style == '"' or not value.isprintable():
        return json.dumps(value, ensure_ascii=False)
    if style == "'" or not _is_plain(value):
        return "'" + value.replace("'", "''") + "'"
    return value


def _is_plain(value: str) -> bool:
    return bool(PLAIN.fullmatch(value)) and YAML(typ="safe", pure=True).load(value) == value
