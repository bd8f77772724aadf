"""Makes a fork of the warm server what an interpreter started for the stage would be, and runs the stage.

Loaded by `warm_server.py`; the standard library alone, for the same reason.
"""

from __future__ import annotations

import builtins
import gc
import importlib
import os
import runpy
import sys
import threading
import types
from collections.abc import Callable, Collection, Mapping
from importlib.machinery import SourceFileLoader
from importlib.util import decode_source
from pathlib import Path
from typing import Any

OUTPUT, ERROR = 1, 2
GO = b"go"

# In the stage's group, no child of the stage: kills the group when whoever asked for the stage is gone.
WATCHER = "exec 3<&0 </dev/null; ( { read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 & )"

# What libraries read when they are loaded: a script that sets it before its imports would be too late here.
# What the interpreter and the C library read has no effect on a process that runs, here as elsewhere.
READ_AT_IMPORT = (
    "ARROW_", "BLIS_", "CUDA_", "GOMP_", "GOTO_", "HF_", "JAX_", "KERAS_", "MKL_", "MPL", "NPY_", "NUMBA_",
    "NUMEXPR_", "OMP_", "OPENBLAS_", "TF_", "XLA_",
)  # fmt: skip

# As this process got them, before Python and libraries changed some.
START = dict(
    entry.split("=", 1)
    for entry in os.fsdecode(Path("/proc/self/environ").read_bytes()).split("\0")
    if "=" in entry
)


def become(request: Any, said: bytes) -> None:
    """Run the stage of `request`; `said` is what its libraries printed when they were loaded."""
    os.setsid()
    _watch(request.life)
    os.dup2(request.output, OUTPUT)
    os.dup2(request.output, ERROR)
    request.answer(pid=os.getpid())
    if request.reply.recv(len(GO)) != GO:
        os._exit(1)  # the client has gone another way meanwhile, and nothing is done yet
    request.close()
    with open(OUTPUT, "wb", closefd=False) as output:
        output.write(said)
    body = request.body
    _show_as(body["orig_argv"])
    os.chdir(body["cwd"])
    _set_environment(body["env"])
    _set_interpreter(body)
    _forget_what_was_drawn(body)
    _watch_environment(body)
    _run(body)


def _watch(life: int) -> None:
    silent = [(os.POSIX_SPAWN_OPEN, file, os.devnull, os.O_WRONLY, 0) for file in (OUTPUT, ERROR)]
    files = [(os.POSIX_SPAWN_DUP2, life, 0), *silent]
    process = os.posix_spawn("/bin/sh", ["sh", "-c", WATCHER], {}, file_actions=files)
    os.waitpid(process, 0)


def _show_as(words: list[str]) -> None:
    """Let `ps` show the stage's command: written over ours, and cut where that is shorter."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    start, end = (int(field) for field in fields[45:47])  # of the memory that holds a process's arguments
    text = os.fsencode(" ".join(words))[: end - start - 2]
    try:
        with open("/proc/self/mem", "r+b", buffering=0) as memory:  # noqa: PTH123 - no file of the disk
            memory.seek(start)
            # A last byte that is not zero says that these are no separate arguments any more.
            memory.write(text.ljust(end - start - 1, b"\0") + b" ")
    except OSError:
        return  # forbidden on hardened systems, where the stage is shown under the server's name


def _set_environment(env: dict[str, str]) -> None:
    """The stage's, and in it what libraries set when they were loaded, as they would have done in it."""
    wanted = {name: value for name, value in env.items() if name in os.environ or name not in START}
    wanted |= {
        name: value
        for name, value in os.environ.items()
        if START.get(name) != value and (name in START or name not in env)
    }
    if not _is_here(wanted.get("PWD")):
        wanted["PWD"] = os.getcwd()  # noqa: PTH109 - as the shell sets it, through which stages start
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    os.environ.update({name: value for name, value in wanted.items() if os.environ.get(name) != value})


def _is_here(folder: str | None) -> bool:
    return folder is not None and os.path.isdir(folder) and os.path.samefile(folder, ".")  # noqa: PTH112, PTH121


def _set_interpreter(body: dict[str, Any]) -> None:
    sys.argv = body["argv"]
    sys.orig_argv = body["orig_argv"]
    sys.executable = body["executable"]
    if not sys.flags.safe_path:
        sys.path.insert(0, body["folder"])
    importlib.invalidate_caches()
    threading.main_thread()._set_native_id()  # type: ignore[attr-defined]
    gc.enable()


def _forget_what_was_drawn(body: dict[str, Any]) -> None:
    """Let no two stages share what a process draws for itself; `random` and `tempfile` see to it themselves.

    The seed of texts' hashes cannot be drawn again: it is one for all warm stages of a run.
    """
    modules: Mapping[str, Any] = sys.modules
    if "numpy.random" in modules:
        modules["numpy.random"].seed()
    if "uuid" in modules:
        modules["uuid"]._node = modules["uuid"]._last_timestamp = None
    if "tempfile" in modules:
        modules["tempfile"].tempdir = None
    if "multiprocessing.process" in modules:
        process = modules["multiprocessing.process"]
        process.ORIGINAL_DIR = body["cwd"]
        process.current_process().authkey = os.urandom(32)
    if "multiprocessing.spawn" in modules:
        modules["multiprocessing.spawn"].set_executable(sys.executable)


def _watch_environment(body: dict[str, Any]) -> None:
    """Should the script set what its libraries have read already, start its command again, cold.

    `OMP_NUM_THREADS=1` at the top of a script, before it imports numpy, would have no effect otherwise.
    """
    stage, preloaded = os.getpid(), frozenset(sys.modules)

    def watched(change: Callable[..., None]) -> Callable[..., None]:
        def changed(name: bytes | str, *value: bytes | str) -> None:
            key = os.fsdecode(name)
            differs = os.environ.get(key) != (os.fsdecode(value[0]) if value else None)
            change(name, *value)
            matters = differs and key.startswith(READ_AT_IMPORT) and os.getpid() == stage
            if matters and not _uses(preloaded):
                _start_again(body, because=key)

        return changed

    os.putenv, os.unsetenv = watched(os.putenv), watched(os.unsetenv)


def _uses(preloaded: Collection[str]) -> bool:
    """Whether a module of the stage has imported something: too late in an interpreter of its own, too."""
    for name, module in list(sys.modules.items()):
        if name == "__main__" or name not in preloaded:
            for value in list(vars(module).values()):
                home = _home(value)
                if home in preloaded and home.partition(".")[0] not in sys.stdlib_module_names:
                    return True
    return False


def _home(value: object) -> str:
    """The module that a value of a module's namespace is, or comes from."""
    if isinstance(value, types.ModuleType):
        return value.__name__
    return str(value.__module__) if isinstance(value, type | types.FunctionType) else ""


def _start_again(body: dict[str, Any], *, because: str) -> None:
    why = f"the script sets {because}, which its preloaded libraries have read already"
    sys.stdout.write(f"(started again, cold: {why})\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(body["cwd"])
    os.execvpe(body["command"][0], body["command"], body["env"])  # noqa: S606


def _run(body: dict[str, Any]) -> None:
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=builtins, __annotations__={})
    for name in sys.modules.keys() & {"__main__", "__mp_main__"}:
        sys.modules[name] = main
    try:
        if body["module"]:
            # What the interpreter itself calls for -m.
            runpy._run_module_as_main(body["module"])  # type: ignore[attr-defined]
        else:
            _run_script(body["argv"][0], main)
    except BaseException:
        _hide_our_frames()
        raise


def _run_script(script: str, main: types.ModuleType) -> None:
    path = script if script.startswith("/") else f"{os.getcwd()}/{script}"  # noqa: PTH109
    main.__dict__.update(__file__=path, __cached__=None, __loader__=SourceFileLoader("__main__", path))
    text = decode_source(Path(path).read_bytes())
    exec(compile(text, path, "exec", dont_inherit=True), main.__dict__)  # noqa: S102


def _hide_our_frames() -> None:
    """Print an error that nobody caught as if we had not been there."""
    chosen, ours = sys.excepthook, {__file__, str(Path(__file__).with_name("warm_server.py"))}

    def hook(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> None:
        sys.excepthook = chosen
        while trace is not None and trace.tb_frame.f_code.co_filename in ours:
            trace = trace.tb_next
        chosen(kind, error.with_traceback(trace), trace)

    sys.excepthook = hook
