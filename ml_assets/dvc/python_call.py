"""Whether a command is one plain call of this Python, for which a fork of a ready one may stand in."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Of these shells we know that they pass a line of plain words on as it is.
SHELLS = {"ash", "bash", "dash", "sh", "zsh"}
QUOTED = re.compile(r"""'[^']*'|"[^"$`\\!]*\"""")
PLAIN = re.compile(r"[\w@%+=:,./ \t-]*")
UNBUFFERED = "-u"


class NotPlain(Exception):
    """A command that only its own shell and interpreter can run; the message says why."""


@dataclass(frozen=True)
class PythonCall:
    """`python -m module …` or `python script …`, as sys has it; `folder` is the first of sys.path."""

    executable: str
    orig_argv: tuple[str, ...]
    argv: tuple[str, ...]
    module: str | None
    folder: str


def python_call(command: Sequence[str], *, cwd: str | Path, env: Mapping[str, str]) -> PythonCall:
    """What `command`, a shell with its arguments, calls.

    Raises:
        NotPlain: it is anything else than one call of this interpreter with -m or a script.
    """
    words = _words(command, env)
    if not words or not re.fullmatch(r"(.*/)?python[\d.]*", words[0]):
        raise NotPlain("it is no call of python")
    executable = _executable(words[0], env)
    options = 2 if words[1:2] == [UNBUFFERED] and env.get("PYTHONUNBUFFERED") else 1
    target, *arguments = words[options:] or [""]
    if target == "-m" and arguments:
        module, *arguments = arguments
        return PythonCall(executable, tuple(words), ("-m", *arguments), module, os.path.realpath(cwd))
    script = Path(cwd, target)
    if target.startswith("-") or script.suffix != ".py" or not script.is_file():
        raise NotPlain("it calls python neither with a script nor with -m alone")
    return PythonCall(executable, tuple(words), (target, *arguments), None, str(script.resolve().parent))


def _words(command: Sequence[str], env: Mapping[str, str]) -> list[str]:
    shell, *_, line = command
    # Bash runs the file that BASH_ENV names before any command.
    if Path(shell).name not in SHELLS or not PLAIN.fullmatch(QUOTED.sub("", line)) or env.get("BASH_ENV"):
        raise NotPlain("it needs a shell")
    words = shlex.split(line)
    if any(word.startswith("=") for word in words):
        raise NotPlain("it needs a shell")  # zsh replaces =name by the path of a command
    return words


def _executable(name: str, env: Mapping[str, str]) -> str:
    """The interpreter that the shell would find, which has to be this one.

    Links are compared with their folder, for a virtual environment is known by where its `python` lies.
    """
    found = shutil.which(name, path=env.get("PATH"))
    ours = Path(sys.executable)
    if found is None or Path(found).parent != ours.parent or Path(found).resolve() != ours.resolve():
        raise NotPlain(f"its python is {found}, not {ours}")
    return found
