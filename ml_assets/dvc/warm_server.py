"""Loads the libraries that stages name, and forks a ready interpreter for each stage (run as a script).

It stands alone: the standard library and nothing of any project, so that a forked stage finds all of its
project unloaded, as in an interpreter of its own. `warm.py` starts it and talks to it.

Libraries are loaded in levels, those of the first stage first. A process that has loaded its level hands the
rest to a fork of itself and serves the stages that need no more, so that none waits for another's libraries.
"""

from __future__ import annotations

import sys

AT_START = frozenset(sys.modules)
if not sys.flags.safe_path:
    del sys.path[0]  # this file's folder: what is in it must not be found as a top-level module

import gc
import importlib
import importlib.machinery
import importlib.util
import json
import os
import select
import site
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

OUTPUT, ERROR = 1, 2
MOST_BYTES = 1 << 16
FILES = 4
SETTLE_SECONDS = 1.0

# Native threads that a fork may leave behind: jemalloc starts its own anew (and holds its locks around a
# fork); Polars' removes files that a query spilled to disk, as the next process that loads Polars does too.
HARMLESS_THREADS = {"jemalloc_bg_thd", "polars-ooc-clea"}

INSTALLED = tuple(
    f"{folder}{os.sep}"
    for folder in (Path(os.__file__).parent, *site.getsitepackages(), site.getusersitepackages())
)


class Request:
    """A stage that shall start. `names` are the libraries that it asks for, `body` says what it is."""

    def __init__(self, message: bytes, files: list[int]) -> None:
        self.message = message
        self.names: list[str] = json.loads(message)
        reply, self.output, self.life, self._text = self.files = files
        self.reply = socket.socket(fileno=reply)
        self.body: dict[str, Any] = json.loads(_read(self._text))

    def answer(self, **what: object) -> None:
        try:
            self.reply.send(json.dumps(what).encode())
        except (BrokenPipeError, ConnectionResetError):
            return  # nobody waits for it any more

    def close_files(self) -> None:
        for file in (self.output, self.life, self._text):
            os.close(file)

    def close(self) -> None:
        self.close_files()
        self.reply.close()


class Libraries:
    """What is loaded: `problems` by name, empty where there is none, and what each `said` meanwhile."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        self.said: dict[str, bytes] = {}
        self.unsafe = ""

    def load(self, names: Iterable[str]) -> None:
        for name in names:
            self.problems[name] = _why_not_installed(name) or self._import(name)
        self.unsafe = _why_unsafe()

    def problem(self, names: Iterable[str]) -> str:
        return next(filter(None, (self.problems[name] for name in names)), self.unsafe)

    def _import(self, name: str) -> str:
        kept = os.dup(OUTPUT)
        said = os.memfd_create("said")
        os.dup2(said, OUTPUT)
        os.dup2(said, ERROR)
        try:
            importlib.import_module(name)
        except BaseException as error:  # noqa: BLE001 - told to the stages that name it
            return f"`import {name}` failed: {type(error).__name__}: {error}"
        else:
            return ""
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(kept, OUTPUT)
            os.dup2(kept, ERROR)
            self.said[name] = _read(said)
            os.close(said)
            os.close(kept)


class Server:
    """Forks stages until the client closes its end of `control`."""

    def __init__(self, control: socket.socket, levels: list[list[str]]) -> None:
        self.control = control
        self.levels = levels
        self.libraries = Libraries()
        self.successor: socket.socket | None = None
        self.children: dict[int, tuple[int, Request]] = {}

    def run(self) -> Request:
        """Load and serve. Returns in a forked stage alone."""
        self.libraries.load(self.levels.pop(0))
        while self.levels and not self.libraries.unsafe and self._is_successor():
            self.libraries.load(self.levels.pop(0))
        while True:
            ready, _, _ = select.select([self.control.fileno(), *self.children], [], [])
            for child in self.children.keys() & set(ready):
                self._report(child)
            if self.control.fileno() in ready and self._is_stage(request := self._receive()):
                return request

    def _is_successor(self) -> bool:
        """Fork the process that loads the next level; true in it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork():
            theirs.close()
            self.successor = ours
            return False
        ours.close()
        self.control.close()
        self.control = theirs
        return True

    def _receive(self) -> Request:
        message, files, _, _ = socket.recv_fds(self.control, MOST_BYTES, FILES)
        if not message:
            _leave()
        for file in files:
            os.set_inheritable(file, False)  # noqa: FBT003 - or watchers would hold them; they arrive inheritable
        return Request(message, files)

    def _is_stage(self, request: Request) -> bool:
        """Let the stage start here or further down, or say why it can't; true in the stage."""
        known = self.libraries.problems
        if self.successor is not None and not known.keys() >= set(request.names):
            self._pass_on(request, self.successor)
        elif problem := self._problem(request):
            request.answer(cold=problem)
        else:
            return self._fork(request)
        request.close()
        return False

    def _problem(self, request: Request) -> str:
        missing = [name for name in request.names if name not in self.libraries.problems]
        if missing:
            return self.libraries.unsafe or f"{', '.join(missing)} was not loaded"
        return self.libraries.problem(request.names) or _why_hidden(request.body)

    def _pass_on(self, request: Request, successor: socket.socket) -> None:
        try:
            socket.send_fds(successor, [request.message], request.files)
        except (BrokenPipeError, ConnectionResetError):
            request.answer(cold=f"the process that loaded {', '.join(request.names)} died")

    def _fork(self, request: Request) -> bool:
        gc.freeze()
        try:
            process = os.fork()
        except OSError as error:
            request.answer(cold=f"no process can be forked: {error}")
            request.close()
            return False
        if process == 0:
            self._forget()
            return True
        request.close_files()
        self.children[os.pidfd_open(process)] = (process, request)
        return False

    def _forget(self) -> None:
        for file in (self.control, self.successor, *(other.reply for _, other in self.children.values())):
            if file is not None:
                file.close()
        for child in self.children:
            os.close(child)

    def _report(self, child: int) -> None:
        process, request = self.children.pop(child)
        os.close(child)
        _, status = os.waitpid(process, 0)
        request.answer(code=os.waitstatus_to_exitcode(status))
        request.reply.close()


def _read(file: int) -> bytes:
    return os.pread(file, os.fstat(file).st_size, 0)


def _leave() -> NoReturn:
    os._exit(0)  # what libraries want done at the end of a process is the stages' business


def _is_installed(place: str) -> bool:
    return os.path.abspath(place).startswith(INSTALLED)  # noqa: PTH100 - site-packages may be links


def _why_not_installed(name: str) -> str:
    """Found before it is loaded: a module of a project must not even run here."""
    spec = importlib.util.find_spec(name.partition(".")[0])
    if spec is None or not (spec.has_location or spec.submodule_search_locations):
        return ""
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
    for place in places:
        if not _is_installed(place):
            return (
                f"{name} in {place} is no installed library but code that you may edit, and no stage must "
                "get an older copy of it; take it out of `preload`"
            )
    return ""


def _why_unsafe() -> str:
    """Why a fork of this process might be unlike a process that loaded the same libraries by itself."""
    threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if threads:
        return f"the preloaded libraries started threads, which a fork would lose: {', '.join(threads)}"
    for name in sys.modules.keys() - AT_START - {"__mp_main__"}:
        place = str(getattr(sys.modules[name], "__dict__", {}).get("__file__"))
        if place.startswith("/") and not _is_installed(place):
            return f"the preloaded libraries loaded {name} from {place}, which is no installed library"
    # OpenBLAS and others end their threads before a fork and start them again after it.
    if os.fork() == 0:
        _leave()
    os.wait()
    deadline = time.monotonic() + SETTLE_SECONDS
    while restless := sorted(_restless_threads()):
        if time.monotonic() > deadline:
            return f"the preloaded libraries started threads, which a fork would lose: {', '.join(restless)}"
        time.sleep(0.001)
    return ""


def _restless_threads() -> Iterator[str]:
    """Native threads that are unknown, or at work just now."""
    for task in Path("/proc/self/task").iterdir():
        try:
            name, _, state = (task / "stat").read_text().partition("(")[2].rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        if task.name != str(os.getpid()) and not (name in HARMLESS_THREADS and state.split()[0] == "S"):
            yield name


def _why_hidden(body: dict[str, Any]) -> str:
    """Whether the stage would find a module of its own folder where another one is loaded here."""
    if body["module"] in sys.modules and not hasattr(sys.modules[body["module"]], "__path__"):
        return f"{body['module']} is itself among the preloaded libraries"
    folder = Path(body["folder"])
    entries = set() if sys.flags.safe_path else {entry.name for entry in folder.iterdir()}
    for name in sorted({name.partition(".")[0] for name in sys.modules if name not in AT_START}):
        if any(_is_module(name, suffix, folder, entries) for suffix in importlib.machinery.all_suffixes()):
            return f"{folder} has a module {name} of its own, which hides the one that is loaded already"
    return ""


def _is_module(name: str, suffix: str, folder: Path, entries: set[str]) -> bool:
    return f"{name}{suffix}" in entries or (
        name in entries and (folder / name / f"__init__{suffix}").exists()
    )


def main() -> None:
    # Only this much of the start was the client's: its socket came as standard error.
    control = socket.socket(fileno=os.dup(ERROR))
    os.dup2(OUTPUT, ERROR)
    gc.disable()
    # Named by its path, since this folder is not on the path.
    place = Path(__file__).with_name("warm_stage.py")
    spec = importlib.util.spec_from_file_location("_warm_stage", place)
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018 - it is a file beside this one
    stage = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stage)
    server = Server(control, json.loads(sys.argv[1]))
    request = server.run()
    said = b"".join(server.libraries.said[name] for name in request.names)
    del server
    stage.become(request, said)


if __name__ == "__main__":
    main()
