"""What a call starts: a script, a module, code, tests or notebooks, and where that finds modules."""

from __future__ import annotations

import enum
import os
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.static.shell import Call

NO_FLAGS: frozenset[str] = frozenset()


class Kind(enum.Enum):
    """What a command may start."""

    SCRIPT = "a Python file"
    MODULE = "a module by its name"
    CODE = "code in the command itself"
    NOTEBOOK = "a notebook"
    TESTS = "a file of tests, or a folder with such"
    SHELL = "a shell script"


@dataclass(frozen=True)
class Start:
    """Something that a command starts; `target` is an absolute path, a module's name or code.

    `own` are the absolute folders that Python then looks through before its own library.
    """

    kind: Kind
    target: str
    cwd: str
    own: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotFound:
    """What a command starts, and is not there to be read: a phrase."""

    reason: str


def script(call: Call, word: str, flags: frozenset[str] = NO_FLAGS) -> Start | NotFound:
    """A Python file, or a folder with a `__main__.py`."""
    path = Path(place(call, word))
    path = path / "__main__.py" if path.is_dir() else path
    if not path.is_file():
        return NotFound(f"'{word}' is not there")
    # Python follows links before it looks beside a script.
    return Start(Kind.SCRIPT, str(path), call.cwd, own_folders(call, str(path.resolve().parent), flags))


def module(call: Call, name: str, flags: frozenset[str] = NO_FLAGS) -> Start:
    """A module by its name, looked for where the call starts."""
    return Start(Kind.MODULE, name, call.cwd, own_folders(call, call.cwd, flags))


def tests(call: Call, arguments: Sequence[str]) -> Iterator[Start]:
    """The files and folders that pytest is given; without any, where it starts."""
    named = [word.partition("::")[0] for word in arguments if not word.startswith("-")]
    paths = [path for word in named if Path(path := place(call, word)).exists()]
    for path in paths or [call.cwd]:
        yield Start(Kind.TESTS, path, call.cwd, python_path(call))


def notebooks(call: Call, program: str, arguments: Sequence[str]) -> Iterator[Start | NotFound]:
    """What is executed: papermill's first notebook, for the second is its output, and all of nbconvert's."""
    named = [
        word
        for before, word in zip(("", *arguments), arguments, strict=False)
        if word.endswith(".ipynb") and not word.startswith("-") and before != "--output"
    ]
    if program == "papermill":
        named = named[:1]
    elif not {"--execute", "execute"}.intersection(arguments) and program != "jupyter-execute":
        named = []
    yield from (_notebook(call, word) for word in named)


def _notebook(call: Call, word: str) -> Start | NotFound:
    path = Path(place(call, word))
    if not path.is_file():
        return NotFound(f"'{word}' is not there")
    return Start(Kind.NOTEBOOK, str(path), call.cwd, (call.cwd, str(path.parent), *python_path(call)))


def own_folders(call: Call, first: str, flags: frozenset[str] = NO_FLAGS) -> tuple[str, ...]:
    """`sys.path` before the standard library; -I and -P leave out its first folder, -I and -E PYTHONPATH."""
    return (
        *(() if flags & {"I", "P"} else (first,)),
        *(() if flags & {"I", "E"} else python_path(call)),
    )


def python_path(call: Call) -> tuple[str, ...]:
    """The folders in the PYTHONPATH that the command sets, but those that only a shell could tell."""
    folders = call.variables.get("PYTHONPATH", "").split(os.pathsep)
    return tuple(place(call, folder) for folder in folders if folder and "$" not in folder)


def place(call: Call, path: str) -> str:
    """The absolute path of what a call names."""
    return posixpath.normpath(posixpath.join(call.cwd, path))
