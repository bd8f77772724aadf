"""The text of a dvc.lock as one block a stage, so that one entry changes without writing all the others anew.

DVC parses and writes the whole file for each stage that ends: 0.4 s and more at 200 stages, under its lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

HEADER = "schema: '2.0'\nstages:\n"
# A stage's name at the second level, as ruamel writes it. Whatever looks otherwise is left to DVC.
_KEY = re.compile(r"^  (?:'(?P<quoted>(?:[^'\n]|'')*)'|(?P<plain>[^\W\d][^\s:#'\"]*)):\n", re.MULTILINE)
_INDENT_TWO = re.compile(r"^ {0,2}\S", re.MULTILINE)
# A comment belongs to some entry, and an anchor may be meant from another one: only a parser knows.
_ENTANGLED = re.compile(r"(?:^|\s)#|[:-] [&*]\w", re.MULTILINE)


@dataclass(frozen=True)
class LockText:
    """Stage name → the lines of its entry, in the order of the file; the name's own line comes first."""

    blocks: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> LockText | None:
        """The blocks of `text`; None where it is not in the plain form that DVC writes."""
        if not text:
            return cls({})
        if not text.startswith(HEADER) or not text.endswith("\n") or _ENTANGLED.search(text):
            return None
        body = text.removeprefix(HEADER)
        keys = list(_KEY.finditer(body))
        if len(keys) != len(_INDENT_TWO.findall(body)) or not keys or keys[0].start() != 0:
            return None
        ends = [*(key.start() for key in keys[1:]), len(body)]
        blocks = {_name(key): body[key.start() : end] for key, end in zip(keys, ends, strict=True)}
        return cls(blocks) if len(blocks) == len(keys) else None

    @property
    def text(self) -> str:
        return HEADER + "".join(self.blocks.values()) if self.blocks else ""

    def updated(self, new: Mapping[str, str]) -> LockText:
        """With the blocks of `new` in the places of older ones of their names, others at the end."""
        return LockText({**self.blocks, **new})

    def ordered(self, names: Iterable[str]) -> LockText:
        """The same blocks in the order of `names`, which are theirs."""
        return LockText({name: self.blocks[name] for name in names})


def _name(key: re.Match[str]) -> str:
    quoted = key["quoted"]
    return key["plain"] if quoted is None else quoted.replace("''", "'")
