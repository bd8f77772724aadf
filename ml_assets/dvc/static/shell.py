"""Takes the text of a shell command apart into the programs that it starts; nothing is run."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

OPERATORS = "();<>|&\n"
# What may stand before a program without being one.
KEYWORDS = {"if", "then", "else", "elif", "while", "until", "do", "{", "}", "!", "time", "exec", "command"}
ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
# The usual ways to say where one is, which must stay one word.
HERE = re.compile(r"\$\(pwd\)|`pwd`")
SUBSTITUTION = re.compile(r"\$\(([^()]+)\)")


class Unparsable(ValueError):
    """A quotation that has no end."""


@dataclass(frozen=True)
class Call:
    """One program with its arguments: the folder in which it starts, and what the command sets for it."""

    words: tuple[str, ...]
    cwd: str
    variables: Mapping[str, str] = field(default_factory=dict)
    stdin: str | None = None


def read_calls(text: str, *, cwd: str, variables: Mapping[str, str]) -> Iterator[Call]:
    """The calls in a command, in order: those in `$(…)`, loops and conditions, whether they would run or not.

    `cd` is followed, and so are variables that the command itself or `variables` set.

    Raises:
        Unparsable: the text is no shell command.
    """
    yield from _Shell(cwd, dict(variables)).read(text)


@dataclass
class _Shell:
    cwd: str
    variables: dict[str, str]
    outer: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    stdin: str | None = None

    def read(self, text: str) -> Iterator[Call]:
        tokens = iter(_tokens(HERE.sub("$PWD", text).replace("\\\n", " ")))
        for token in tokens:
            if not set(token) <= set(OPERATORS):
                yield from self._word(token, tokens)
            elif set(token) & set("<>") and "(" not in token:
                self._redirect(token, tokens)
            else:
                yield from self._end(token)
        yield from self._end("")

    def _word(self, token: str, tokens: Iterator[str]) -> Iterator[Call]:
        if token.startswith("#"):
            # A comment: the rest of the line.
            rest = next((each for each in tokens if "\n" in each and set(each) <= set(OPERATORS)), "")
            yield from self._end(rest)
            return
        for inner in SUBSTITUTION.findall(token):
            yield from _Shell(self.cwd, dict(self.variables)).read(inner)
        self.words.append(self._expanded(token))

    def _redirect(self, operator: str, tokens: Iterator[str]) -> None:
        target = next(tokens, "")
        if operator == "<<":
            # A text that follows in the command itself: over it, up to the word that ends it.
            next((each for each in tokens if each == target.lstrip("-")), None)
        elif operator == "<":
            self.stdin = self._expanded(target)

    def _end(self, operator: str) -> Iterator[Call]:
        words, self.words = self.words, []
        stdin, self.stdin = self.stdin, None
        yield from self._call(words, stdin)
        for sign in operator:
            if sign == "(":
                self.outer.append(self.cwd)
            elif sign == ")" and self.outer:
                self.cwd = self.outer.pop()

    def _call(self, words: list[str], stdin: str | None) -> Iterator[Call]:
        own: dict[str, str] = {}
        while words and (words[0] in KEYWORDS or ASSIGNMENT.fullmatch(words[0])):
            if match := ASSIGNMENT.fullmatch(words.pop(0)):
                own[match[1]] = match[2]
        if not words:
            self.variables |= own
        elif words[0] == "export":
            given = (ASSIGNMENT.fullmatch(word) for word in words[1:])
            self.variables |= {match[1]: match[2] for match in given if match}
        elif words[0] in ("cd", "pushd") and len(words) > 1:
            self.cwd = posixpath.normpath(posixpath.join(self.cwd, words[1]))
        else:
            yield Call(tuple(words), self.cwd, {**self.variables, **own}, stdin)

    def _expanded(self, word: str) -> str:
        known = {**self.variables, "PWD": self.cwd}
        return VARIABLE.sub(lambda found: known.get(found[1] or found[2], found[0]), word)


def _tokens(text: str) -> Iterator[str]:
    lexer: Any = shlex.shlex(re.sub(r"`([^`]*)`", r"$(\1)", text), posix=True, punctuation_chars=OPERATORS)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    try:
        yield from lexer
    except ValueError as error:
        raise Unparsable(str(error)) from error
