"""A script started warm beside the same started cold: the same lines, exit code and view of the world."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_assets.dvc.warm import WarmStarts
from ml_assets_tests.dvc.warm_runs import cold, libraries, starts, warm
from ml_assets_tests.factories import write

LIBRARIES = {
    # What a library may do when it is loaded, and each stage that loads it then has.
    "busy": """
        import atexit, logging, os, sys, warnings
        print("busy loads")
        print("on error", file=sys.stderr, flush=True)
        os.system("echo natively")
        os.environ["BUSY_SET"] = os.environ.get("BUSY_SET", "") + "changed"
        os.environ.setdefault("BUSY_DEFAULT", "its own")
        os.environ.pop("BUSY_GONE", None)
        atexit.register(print, "busy ends")
        warnings.warn("busy warns")
        warnings.filterwarnings("error", "so it is")
        log = logging.getLogger("busy")
        log.addHandler(logging.StreamHandler())
    """,
}
QUIET = ["joblib", "multiprocessing.spawn", "numpy", "tempfile", "uuid"]

SCRIPTS = {
    "itself": """
        import __main__, os, sys, threading
        names = {k: v for k, v in vars(__main__).items() if k.startswith("__") and k != "__builtins__"}
        loader, spec = names.pop("__loader__"), names.pop("__spec__")
        print(sorted(names.items()), type(loader).__name__, spec and (spec.name, spec.origin))
        print(type(__builtins__).__name__, sys.argv, sys.orig_argv, sys.path, sys.executable, sys.prefix)
        print(sys.flags, sys.warnoptions, sys._xoptions, sys.stdin.read() == "", os.getcwd())
        print(sys.stdout.encoding, sys.stdout.line_buffering, sys.stdout.write_through, sys.stdout.isatty())
        print(sys.stdout.seekable(), sys.stderr.seekable(), sys.stderr.errors, sys.stderr.isatty())
        print(threading.current_thread() is threading.main_thread(), threading.active_count())
        print(threading.main_thread().native_id == os.getpid(), os.getpgid(0) == os.getsid(0) == os.getpid())
    """,
    "environment_of_libraries": """
        import busy, os
        print(sorted(item for item in os.environ.items() if item[0].startswith("BUSY")))
    """,
    "environment": """
        import joblib, os
        os.environ.pop("_", None)  # which each shell sets as it likes
        print(*sorted(os.environ.items()), sep="\\n", flush=True)
        os.system("env | grep -v ^_= | sort")
    """,
    "shown": "import os; print(os.popen(f'ps -o args= -p {os.getpid()}').read().split())",
    "inherited": """
        import faulthandler, gc, locale, os, resource, signal
        names = [s for s in signal.valid_signals() if s not in (9, 19)]
        print({s: str(signal.getsignal(s)).split(" at ")[0] for s in names}, signal.pthread_sigmask(0, []))
        print(oct(os.umask(0o22)), os.nice(0), sorted(os.sched_getaffinity(0)), faulthandler.is_enabled())
        print(locale.setlocale(locale.LC_ALL), locale.getpreferredencoding(), os.getgroups())
        print([resource.getrlimit(x) for x in (resource.RLIMIT_NOFILE, resource.RLIMIT_STACK)])
        print(gc.isenabled(), gc.get_threshold(), sorted(os.listdir("/proc/self/fd")))
    """,
    "libraries": """
        import busy, logging, numpy, warnings
        busy.log.warning("logged")
        print(len(warnings.filters), logging.getLogger().handlers, logging.getLogger("busy").handlers)
        warnings.warn("so it is")
    """,
    "exit_text": "import busy, sys; sys.exit('in words')",
    "exit_none": "import busy, sys; sys.exit()",
    "exit_number": "import busy, sys; sys.exit(300)",
    "exit_now": "import busy, os; print('out'); os._exit(7)",
    "error": """
        import busy
        def broken(): raise ValueError("wrong") from KeyError("why")
        broken()
    """,
    "error_in_a_library": "import busy, json\njson.loads('{')",
    "syntax": "x = = 1",
    "other_hook": """
        import busy, sys
        def hook(kind, error, trace): print("hooked", error, trace.tb_frame.f_code.co_name, trace.tb_next)
        sys.excepthook = hook
        1 / 0
    """,
    "interrupted": "import os, time; os.kill(os.getpid(), 2); time.sleep(9)",
    "terminated": "import os, time; os.kill(os.getpid(), 15); time.sleep(9)",
    "aborted": "import os; os.abort()",
    "broken_pipe": """
        import os, signal
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        end, pipe = os.pipe()
        os.close(end)
        os.write(pipe, b"nobody reads it")
    """,
    "closed_output": "import busy, os; print('out'); os.close(1); print('lost')",
    "at_exit": """
        import busy, atexit, threading, time
        atexit.register(print, "last words")
        class Ends:
            def __del__(self): print("deleted")
        kept = Ends()
        threading.Thread(target=lambda: (time.sleep(0.2), print("thread ends"))).start()
        print("main ends")
    """,
    "future": "import busy\nx: undefined = 1",
    "pickles": """
        import busy, dataclasses, pickle
        @dataclasses.dataclass
        class Point:
            x: int
        print(pickle.loads(pickle.dumps(Point(1))), Point.__module__, pickle.dumps(Point(2)))
    """,
    "waits": """
        import os, subprocess
        child = subprocess.Popen(["true"])
        try:
            while True: print(os.wait()[1])
        except ChildProcessError: print("no child left")
    """,
    "children": """
        import multiprocessing, subprocess, sys
        from joblib import Parallel, delayed
        def square(x): return x * x
        class Odd:
            def __init__(self, x): self.x = x
            def __repr__(self): return f"Odd({self.x})"
        if __name__ == "__main__":
            for method in ("fork", "spawn"):
                with multiprocessing.get_context(method).Pool(2) as pool:
                    print(method, pool.map(square, range(4)), pool.map(Odd, [1]), flush=True)
            print(Parallel(n_jobs=2)(delayed(square)(x) for x in range(4)))
            print(multiprocessing.current_process())
            print(subprocess.run([sys.executable, "-c", "import sys; print(sys.argv)"], capture_output=True))
    """,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("warm")
    texts = {name: text if "\n        " not in text else dedent(text) for name, text in SCRIPTS.items()}
    for name, text in texts.items():
        (root / f"{name}.py").write_text(text, encoding="utf-8", errors="surrogateescape")
    write(root, {"pkg/__init__.py": "", "pkg/sub.py": texts["itself"], "pkg/fails.py": texts["error"]})
    write(root, {"pkg/__main__.py": "import sys; print(sys.argv, __package__, __spec__.name)"})
    (root / "elsewhere").mkdir()
    (root / "elsewhere" / "link.py").symlink_to(root / "itself.py")
    return root


def dedent(text: str) -> str:
    return "\n".join(line.removeprefix("        ") for line in text.splitlines()) + "\n"


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    modules = {name: dedent(text) for name, text in LIBRARIES.items()}
    found = libraries(tmp_path_factory.mktemp("libraries"), modules)
    # As the shell sets it for a command that starts cold.
    return {**found, "BUSY_SET": "set ", "BUSY_GONE": "soon", "SHLVL": "0"}


@pytest.fixture(scope="module")
def server(folder: Path, env: dict[str, str]) -> Iterator[WarmStarts]:
    with starts(folder, env, quiet=QUIET, busy=[*QUIET, "busy"]) as found:
        yield found


def check(line: str, server: WarmStarts, env: dict[str, str], cwd: Path, *, stage: str) -> None:
    """The same command both ways."""
    started = warm(server, line, cwd=cwd, env=env, stage=stage)
    assert started.warm, started.told
    expected = cold(line, cwd=cwd, env=env)
    assert started.lines == expected.lines
    assert started.code == expected.code


# Seconds long, and started in another folder below, where it could go wrong in more ways.
@pytest.mark.parametrize("name", sorted(SCRIPTS.keys() - {"children"}))
def test_a_script(name: str, server: WarmStarts, folder: Path, env: dict[str, str]) -> None:
    # What a library prints when it is loaded, a script that never loads it would not.
    stage = "busy" if "import busy" in SCRIPTS[name] else "quiet"
    check(f"python {name}.py a 'b c'", server, env, folder, stage=stage)


@pytest.mark.parametrize(
    "line", ["-m pkg.sub x", "-m pkg", "-m pkg.fails", "-m pkg.missing", "-m nowhere", "-m calendar 2013 1"]
)
def test_a_module(line: str, server: WarmStarts, folder: Path, env: dict[str, str]) -> None:
    check(f"python {line}", server, env, folder, stage="quiet")


@pytest.mark.parametrize(
    "line", ["./itself.py", "elsewhere/../itself.py", "elsewhere/link.py", "{folder}/itself.py"]
)
def test_a_script_by_another_path(line: str, server: WarmStarts, folder: Path, env: dict[str, str]) -> None:
    check(f"python {line.format(folder=folder)}", server, env, folder, stage="quiet")


@pytest.mark.parametrize("name", ["itself", "environment", "children"])
def test_a_script_in_another_folder(name: str, server: WarmStarts, folder: Path, env: dict[str, str]) -> None:
    check(f"python ../{name}.py", server, env, folder / "elsewhere", stage="quiet")


def test_the_umask_of_whoever_runs_stages(folder: Path, env: dict[str, str]) -> None:
    before = os.umask(0o027)
    try:
        with starts(folder, env, quiet=["yaml"]) as server:
            check("python inherited.py", server, env, folder, stage="quiet")
    finally:
        os.umask(before)
