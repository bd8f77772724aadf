"""The real `dvc` command, many times in one process: each start of its own would cost a second.

Nothing of ours is loaded there, so what it does is what plain DVC does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from ml_assets_tests.factories import environment

# Output is caught at its file descriptors, since the commands of stages write there too.
SERVER = """\
import json, os, sys, traceback
answers, caught = os.fdopen(os.dup(1), "w"), open(sys.argv[1], "w+b")
os.dup2(caught.fileno(), 1), os.dup2(caught.fileno(), 2)
from dvc.cli import main
from dvc.repo import Repo

def edges():
    with Repo() as repo:
        graph = repo.index.graph
        return [[one.addressing, other.addressing] for one, other in graph.edges]

for line in sys.stdin:
    asked = json.loads(line)
    os.chdir(asked["cwd"]), os.environ.clear(), os.environ.update(asked["env"])
    caught.seek(0), caught.truncate()
    found = None
    try:
        code = main(asked["argv"]) if asked["argv"] else 0
        found = edges() if not asked["argv"] else None
    except SystemExit as error:
        code = error.code
    except BaseException:
        code = 1
        traceback.print_exc()
    sys.stdout.flush(), sys.stderr.flush(), caught.seek(0)
    said = caught.read().decode("utf-8", "replace")
    answers.write(json.dumps({"code": code, "said": said, "edges": found}) + "\\n"), answers.flush()
"""


class DvcRefused(AssertionError):
    """DVC itself ended with an error; what it said is the text."""


class PlainDvc:
    """A process that does what `dvc` does; use it as a context manager."""

    def __enter__(self) -> PlainDvc:
        self._folder = tempfile.TemporaryDirectory(prefix="plain-dvc-")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", SERVER, str(Path(self._folder.name) / "said")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._folder.name,
            env={name: value for name, value in environment().items() if name != "PYTHONPATH"},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()

    def __call__(self, *arguments: str, cwd: Path) -> str:
        """Run `dvc` with `arguments` in `cwd` and return what it said.

        Raises:
            DvcRefused: it ended with an error.
        """
        answer = self._ask([*arguments], cwd)
        if answer["code"]:
            raise DvcRefused(f"dvc {' '.join(arguments)}: {answer['code']}\n{answer['said']}")
        return str(answer["said"])

    def edges(self, cwd: Path) -> set[tuple[str, str]]:
        """(stage, what it depends on) pairs of DVC's own graph, as addresses from the project's root."""
        answer = self._ask([], cwd)
        assert answer["edges"] is not None, answer["said"]
        return {(one, other) for one, other in answer["edges"]}

    def _ask(self, arguments: list[str], cwd: Path) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"argv": arguments, "cwd": os.fspath(cwd), "env": environment()}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer
