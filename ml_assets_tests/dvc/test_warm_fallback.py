"""A stage that cannot be started warm starts cold, is right all the same, and says why."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from ml_assets.dvc import warm_process
from ml_assets.dvc.errors import WarmServerDied
from ml_assets.dvc.warm import WarmStarts
from ml_assets_tests.dvc.warm_runs import Ended, cold, libraries, server_pid, stage_env, starts, warm
from ml_assets_tests.factories import write

THREADS = "import numpy, threadpoolctl; print([p['num_threads'] for p in threadpoolctl.threadpool_info()])\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    write(root, {"prints.py": "print('done')\n", "ours.py": "print('loaded')\n", "pkg/__init__.py": ""})
    return root


def start(root: Path, env: dict[str, str], *names: str, line: str = "python prints.py") -> Ended:
    with starts(root, env, stage=names) as server:
        return warm(server, line, cwd=root, env=env)


def assert_cold(ended: Ended, *words: str) -> None:
    assert not ended.warm
    assert (ended.code, ended.lines[-1]) == (0, "done")
    assert len(ended.told) == 1
    for word in ("starts cold", *words):
        assert word in ended.told[0]


def test_a_module_of_the_project_is_refused_and_not_even_run(root: Path) -> None:
    ended = start(root, stage_env(PYTHONPATH=str(root)), "ours")
    assert_cold(ended, "ours", str(root), "no installed library", "take it out of `preload`")
    assert "loaded" not in ended.lines


def test_a_library_that_loads_a_module_of_the_project_is_refused(root: Path, tmp_path: Path) -> None:
    env = libraries(tmp_path, {"nosy": "import pkg"})
    env["PYTHONPATH"] += f"{os.pathsep}{root}"
    assert_cold(start(root, env, "nosy"), "pkg", str(root))


def test_a_library_that_is_not_there(root: Path) -> None:
    assert_cold(start(root, stage_env(), "nowhere"), "import nowhere", "No module named")


def test_a_library_that_fails_only_harms_those_that_name_it(root: Path, tmp_path: Path) -> None:
    env = libraries(tmp_path, {"broken": "print('before'); raise SystemExit('because')"})
    write(root, {"imports.py": "import broken"})
    with starts(root, env, good=["yaml"], bad=["broken", "yaml"], late=["decimal"]) as server:
        assert_cold(warm(server, "python prints.py", cwd=root, env=env, stage="bad"), "broken", "because")
        for stage in ("good", "late"):
            assert warm(server, "python prints.py", cwd=root, env=env, stage=stage).warm
        itself = warm(server, "python imports.py", cwd=root, env=env, stage="bad")
    assert (itself.code, itself.lines) == (1, ["before", "because"])
    assert itself.told == []


THREADED = {
    "python": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    # Python does not know of it, as of one that a library starts in C.
    "native": "import _thread, time\n_thread.start_new_thread(time.sleep, (60,))",
}


@pytest.mark.parametrize("name", THREADED)
def test_threads_that_a_fork_would_lose(name: str, root: Path, tmp_path: Path) -> None:
    env = libraries(tmp_path, THREADED)
    with starts(root, env, first=["yaml"], second=[name]) as server:
        assert_cold(warm(server, "python prints.py", cwd=root, env=env, stage="second"), "threads")
        assert warm(server, "python prints.py", cwd=root, env=env, stage="first").warm


def test_a_module_beside_the_script_that_hides_a_loaded_one(root: Path, tmp_path: Path) -> None:
    write(root, {"src/prints.py": "import yaml; print(yaml.whose)", "src/yaml/__init__.py": "whose = 'done'"})
    assert_cold(start(root, stage_env(), "yaml", line="python src/prints.py"), "yaml", "src")
    write(
        root,
        {"alone/prints.py": "import yaml; print('done')", "alone/yaml/data.txt": "", "alone/yaml.txt": ""},
    )
    assert start(root, stage_env(), "yaml", line="python alone/prints.py").warm


def test_a_module_that_is_loaded_itself(root: Path) -> None:
    with starts(root, stage_env(), stage=["calendar"]) as server:
        ended = warm(server, "python -m calendar 2013 1", cwd=root, env=stage_env())
    assert not ended.warm
    assert "calendar is itself among" in ended.told[0]
    assert ended.lines[0].strip() == "January 2013"


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "PYTHONHASHSEED", "LC_ALL", "ANYTHING"])
def test_an_environment_in_which_a_library_might_have_become_another(name: str, root: Path) -> None:
    env = stage_env()
    with starts(root, env, stage=["yaml"]) as server:
        ended = warm(server, "python prints.py", cwd=root, env={**env, name: "3"})
    assert_cold(ended, name)


def test_what_tells_a_stage_of_its_run_may_differ(root: Path) -> None:
    write(root, {"told.py": "import os; print(os.environ['DVC_STAGE'], os.environ['DAGSTER_PIPES_CONTEXT'])"})
    env = stage_env()
    with starts(root, env, stage=["yaml"]) as server:
        for stage in ("a", "b"):
            told = {**env, "DVC_STAGE": stage, "DAGSTER_PIPES_CONTEXT": f"for {stage}"}
            ended = warm(server, "python told.py", cwd=root, env=told)
            assert (ended.warm, ended.lines) == (True, [f"{stage} for {stage}"])


def test_a_relative_python_path_in_another_folder(root: Path) -> None:
    env = stage_env(PYTHONPATH="lib")
    write(root, {"sub/prints.py": "print('done')"})
    with starts(root, env, stage=["yaml"]) as server:
        assert_cold(warm(server, "python prints.py", cwd=root / "sub", env=env), "PYTHONPATH")
        assert warm(server, "python prints.py", cwd=root, env=env).warm


def test_each_command_is_judged_and_a_reason_is_told_once(root: Path) -> None:
    env = stage_env()
    with starts(root, env, stage=["yaml"]) as server:
        lines = ["true; echo done", "python prints.py", "true; echo done", "cat prints.py | tail -1"]
        ended = [warm(server, line, cwd=root, env=env) for line in lines]
        silent = warm(server, "true; echo done", cwd=root, env=env, stage="asks for nothing")
    assert [each.warm for each in ended] == [False, True, False, False]
    assert [each.told for each in ended[1:]] == [[], [], []]
    assert_cold(ended[0], "shell")
    assert (silent.warm, silent.told) == (False, [])


def test_a_script_that_sets_what_its_libraries_have_read_starts_again_cold(root: Path) -> None:
    """OPENBLAS_NUM_THREADS before `import numpy` is how scripts ask for one thread."""
    write(root, {"sets.py": f"import os\nos.environ['OPENBLAS_NUM_THREADS'] = '1'\n{THREADS}"})
    write(root, {"helper/__init__.py": "import os; os.environ['OPENBLAS_NUM_THREADS'] = '1'"})
    write(root, {"helps.py": f"import helper\n{THREADS}"})
    with starts(root, stage_env(), stage=["numpy", "threadpoolctl"]) as server:
        for script in ("sets.py", "helps.py"):
            ended = warm(server, f"python {script}", cwd=root, env=stage_env())
            assert ended.lines[0].startswith("(started again, cold: the script sets OPENBLAS_NUM_THREADS")
            assert ended.lines[1:] == cold(f"python {script}", cwd=root, env=stage_env()).lines == ["[1]"]


def test_what_is_set_too_late_or_to_the_same_or_by_a_child_changes_nothing(root: Path) -> None:
    scripts = {
        "late.py": f"import numpy, os\nos.environ['OPENBLAS_NUM_THREADS'] = '1'\n{THREADS}",
        "same.py": f"import os\nos.environ.update(OMP_WAIT_POLICY='PASSIVE', MINE='1')\n{THREADS}",
        "child.py": f"import os\nif os.fork() == 0:\n    os.environ['OMP_X'] = '1'; os._exit(0)\n{THREADS}",
    }
    write(root, scripts)
    with starts(root, stage_env(), stage=["numpy", "threadpoolctl"]) as server:
        for script in scripts:
            ended = warm(server, f"python {script}", cwd=root, env=stage_env())
            assert ended.lines == cold(f"python {script}", cwd=root, env=stage_env()).lines


def processes_of(server: WarmStarts) -> list[psutil.Process]:
    """The processes that hold loaded libraries, the first one first."""
    first = server_pid(server)
    return [psutil.Process(first), *psutil.Process(first).children(recursive=True)]


def test_a_server_that_is_killed_takes_its_stage_along_and_later_ones_start_cold(root: Path) -> None:
    env = stage_env()
    write(
        root,
        {"sleeps.py": "import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)\n"},
    )
    with starts(root, env, stage=["yaml"]) as server:
        with pytest.raises(WarmServerDied, match=r"Stage 'stage' was stopped.*--cold"):
            warm(server, "python sleeps.py", cwd=root, env=env)
        assert_cold(warm(server, "python prints.py", cwd=root, env=env), "died")
    assert not [each for each in psutil.process_iter(["cmdline"]) if str(root) in str(each.info["cmdline"])]


def test_a_killed_process_of_a_later_level_harms_only_its_own_stages(root: Path) -> None:
    env = stage_env()
    with starts(root, env, first=["yaml"], second=["yaml", "decimal"]) as server:
        assert warm(server, "python prints.py", cwd=root, env=env, stage="second").warm
        last = processes_of(server)[-1]
        last.send_signal(signal.SIGKILL)
        while last.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert_cold(warm(server, "python prints.py", cwd=root, env=env, stage="second"), "died")
        assert warm(server, "python prints.py", cwd=root, env=env, stage="first").warm


def test_a_library_that_kills_the_process_that_loads_it(root: Path, tmp_path: Path) -> None:
    env = libraries(tmp_path, {"crash": "import os; os.abort()"})
    assert_cold(start(root, env, "crash"), "died")


def test_a_process_that_cannot_be_started_at_all(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(warm_process, "start_watched", refused)
    assert_cold(start(root, stage_env(), "yaml"), "temporarily unavailable")


def test_a_platform_on_which_libraries_do_not_survive_a_fork(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert_cold(start(root, stage_env(), "yaml"), "darwin")
