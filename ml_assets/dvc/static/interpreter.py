"""Reads the command line of a Python interpreter: what it is asked to run, and with which options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

PYTHON = re.compile(r"(python|pypy)[\d.]*[wtd]?(\.exe)?")
"""Names of interpreters."""

# Options that take a value, in the same word or in the next one.
VALUED = "cmWX"
LONG_VALUED = {"--check-hash-based-pycs"}


@dataclass(frozen=True)
class Invocation:
    """One of `script`, `module` and `code`, or none of them where the program comes from the input."""

    script: str | None = None
    module: str | None = None
    code: str | None = None
    flags: frozenset[str] = frozenset()
    arguments: tuple[str, ...] = ()


def read_invocation(words: Sequence[str]) -> Invocation:
    """What the words after the interpreter's name say."""
    waiting, flags = list(words), frozenset[str]()
    while waiting:
        word = waiting.pop(0)
        if word == "-":
            break
        if not word.startswith("-"):
            return Invocation(script=word, flags=flags, arguments=tuple(waiting))
        if word.startswith("--"):
            waiting = waiting[1:] if word in LONG_VALUED else waiting
            continue
        plain, option, value = _option(word)
        flags |= plain
        if option:
            value, *waiting = [value, *waiting] if value else waiting or [""]
        if option == "m":
            return Invocation(module=value, flags=flags, arguments=tuple(waiting))
        if option == "c":
            return Invocation(code=value, flags=flags, arguments=tuple(waiting))
    return Invocation(flags=flags, arguments=tuple(waiting))


def _option(word: str) -> tuple[frozenset[str], str, str]:
    """`-uWignore` → the flags u, the option W, its value `ignore`."""
    for at, letter in enumerate(word):
        if at and letter in VALUED:
            return frozenset(word[1:at]), letter, word[at + 1 :]
    return frozenset(word[1:]), "", ""
