"""Finds in a stage's command the Python that it starts: scripts, modules, tests, notebooks, shell scripts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ml_assets.dvc.static.interpreter import PYTHON, read_invocation
from ml_assets.dvc.static.shell import ASSIGNMENT, Call, Unparsable, read_calls
from ml_assets.dvc.static.starts import (
    NO_FLAGS,
    Kind,
    NotFound,
    Start,
    module,
    notebooks,
    own_folders,
    place,
    python_path,
    script,
    tests,
)

SHELLS = {"bash", "sh", "zsh", "dash", "ksh", ".", "source"}
# Programs and modules that run a script, or a module after `-m`, which is among their arguments.
RUNNERS = {
    "accelerate", "coverage", "deepspeed", "ipython", "ipython3", "kernprof", "pyinstrument", "scalene",
    "streamlit", "torchrun", "viztracer",
    "accelerate.commands.launch", "cProfile", "debugpy", "line_profiler", "memory_profiler", "pdb", "profile",
    "torch.distributed.launch", "torch.distributed.run", "trace",
}  # fmt: skip
TESTERS = {"pytest", "py.test"}
NOTEBOOK_RUNNERS = {"papermill", "jupyter", "jupyter-execute", "jupyter-nbconvert", "nbconvert"}
KNOWN = SHELLS | RUNNERS | TESTERS | NOTEBOOK_RUNNERS
# Programs that start another one, and may have options before it.
WRAPPERS = {
    "caffeinate", "chrt", "conda", "direnv", "dotenv", "env", "hatch", "ionice", "mamba", "micromamba",
    "mpiexec", "mpirun", "nice", "nohup", "numactl", "pdm", "pipenv", "pixi", "poetry", "rye", "setsid",
    "srun", "stdbuf", "sudo", "taskset", "timeout", "uv", "uvx", "xvfb-run",
}  # fmt: skip
# Programs for which `python` is a word like any other.
SPEAKERS = {"[", "echo", "grep", "printf", "test", "type", "which"}


def read_starts(
    commands: Sequence[str], *, root: str, cwd: str, console_scripts: Mapping[str, str]
) -> Iterator[Start | NotFound]:
    """What the commands of a stage start in `cwd`, its working directory; `root` is the project's.

    `console_scripts` map the commands that the project itself installs to their modules. Shell scripts are
    read as well.
    """
    yield from _Reader(root, console_scripts).commands(commands, cwd)


@dataclass
class _Reader:
    root: str
    console_scripts: Mapping[str, str]
    read: set[str] = field(default_factory=set)

    def commands(self, commands: Sequence[str], cwd: str) -> Iterator[Start | NotFound]:
        for command in commands:
            try:
                for call in read_calls(command, cwd=cwd, variables={"DVC_ROOT": self.root}):
                    yield from self.call(call, call.words)
            except Unparsable as error:
                yield NotFound(f"the command cannot be read ({error}): {command}")

    def call(self, call: Call, words: Sequence[str]) -> Iterator[Start | NotFound]:
        """What the call starts when `words` are its program and arguments."""
        program = posixpath.basename(words[0])
        if program in WRAPPERS:
            yield from self._wrapped(call, words)
        elif self._is_known(call, words[0]):
            yield from self._known(call, words[0], words[1:])
        elif program not in SPEAKERS:
            # Whatever it is, an interpreter among its arguments is there to be started.
            places = (at for at, word in enumerate(words) if PYTHON.fullmatch(posixpath.basename(word)))
            if (at := next(places, None)) is not None:
                yield from self._python(call, words[at + 1 :])

    def _wrapped(self, call: Call, words: Sequence[str]) -> Iterator[Start | NotFound]:
        variables = dict(call.variables)
        for at, word in enumerate(words[1:], start=1):
            inner = Call(call.words, call.cwd, variables, call.stdin)
            if match := ASSIGNMENT.fullmatch(word):
                variables[match[1]] = match[2]
            elif word == "-m" and words[0].startswith("uv"):
                yield from self._module(inner, words[at + 1 :])
                return
            elif posixpath.basename(word) in WRAPPERS or self._is_known(call, word):
                yield from self.call(inner, words[at:])
                return

    def _is_known(self, call: Call, word: str) -> bool:
        name = posixpath.basename(word)
        if name in KNOWN or name in self.console_scripts or PYTHON.fullmatch(name):
            return True
        return ("/" in word or name.endswith((".py", ".sh"))) and Path(place(call, word)).is_file()

    def _known(self, call: Call, word: str, arguments: Sequence[str]) -> Iterator[Start | NotFound]:
        name = posixpath.basename(word)
        if PYTHON.fullmatch(name):
            yield from self._python(call, arguments)
        elif name in SHELLS:
            yield from self._shell(call, arguments)
        elif name in RUNNERS:
            yield from self._runner(call, arguments)
        elif name in TESTERS:
            yield from tests(call, arguments)
        elif name in NOTEBOOK_RUNNERS:
            yield from notebooks(call, name, arguments)
        elif name in self.console_scripts:
            yield Start(Kind.MODULE, self.console_scripts[name], call.cwd, python_path(call))
        else:
            yield from self._file(call, word)

    def _file(self, call: Call, word: str) -> Iterator[Start | NotFound]:
        """A file that is started as a program: its first line says by whom, or else its name."""
        path = Path(place(call, word))
        with path.open("rb") as stream:
            first = stream.readline(200).decode(errors="replace")
        shebang = first if first.startswith("#!") else path.suffix
        if "py" in shebang:
            yield script(call, word)
        elif "sh" in shebang:
            yield from self._shell_script(call, word)

    def _python(self, call: Call, arguments: Sequence[str]) -> Iterator[Start | NotFound]:
        asked = read_invocation(arguments)
        if asked.module is not None:
            yield from self._module(call, [asked.module, *asked.arguments], asked.flags)
        elif asked.code is not None:
            yield Start(Kind.CODE, asked.code, call.cwd, own_folders(call, call.cwd, asked.flags))
        elif asked.script is not None:
            yield script(call, asked.script, asked.flags)
        elif call.stdin is not None:
            found = script(call, call.stdin)
            own = own_folders(call, call.cwd, asked.flags)
            yield replace(found, own=own) if isinstance(found, Start) else found

    def _module(
        self, call: Call, words: Sequence[str], flags: frozenset[str] = NO_FLAGS
    ) -> Iterator[Start | NotFound]:
        if not words:
            return
        if words[0] in KNOWN - SHELLS:
            yield from self._known(call, words[0], words[1:])
        yield module(call, words[0], flags)

    def _runner(self, call: Call, arguments: Sequence[str]) -> Iterator[Start | NotFound]:
        for at, word in enumerate(arguments):
            if word in ("-m", "--module"):
                yield from self._module(call, arguments[at + 1 :])
                return
            if word.endswith(".py") and Path(place(call, word)).is_file():
                yield script(call, word)
                return

    def _shell(self, call: Call, arguments: Sequence[str]) -> Iterator[Start | NotFound]:
        for at, word in enumerate(arguments):
            if re.fullmatch(r"-\w*c", word):
                for inner in arguments[at + 1 : at + 2]:
                    yield from self._text(call, inner)
                return
            if not word.startswith(("-", "+")) and not (at and arguments[at - 1].endswith("o")):
                yield from self._shell_script(call, word)
                return

    def _shell_script(self, call: Call, word: str) -> Iterator[Start | NotFound]:
        path = place(call, word)
        if not Path(path).is_file():
            yield NotFound(f"'{word}' is not there")
        elif path not in self.read:
            self.read.add(path)
            yield Start(Kind.SHELL, path, call.cwd)
            yield from self._text(call, Path(path).read_text(encoding="utf-8", errors="replace"))

    def _text(self, call: Call, text: str) -> Iterator[Start | NotFound]:
        try:
            for inner in read_calls(text, cwd=call.cwd, variables=call.variables):
                yield from self.call(inner, inner.words)
        except Unparsable as error:
            yield NotFound(f"a shell script cannot be read ({error})")
