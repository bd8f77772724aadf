"""What two stages that are forked from one process must not share, and what they need not wait for."""

from __future__ import annotations

import ast
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ml_assets.dvc import warm_server, warm_stage
from ml_assets_tests.dvc.warm_runs import libraries, starts, warm
from ml_assets_tests.factories import write

DRAWS = """\
import multiprocessing.process, random, secrets, tempfile, uuid
import numpy
print(numpy.random.random())
print(numpy.random.default_rng().random())
print(random.random())
print(uuid.uuid4(), secrets.token_hex(8))
print(uuid.uuid1().clock_seq)
print(next(tempfile._get_candidate_names()))
print(multiprocessing.process.current_process().authkey.hex())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    write(root, {"draws.py": DRAWS})
    return root


def test_two_stages_draw_different_numbers(folder: Path, tmp_path: Path) -> None:
    env = libraries(tmp_path, {})
    names = ["numpy.random", "random", "uuid", "tempfile", "multiprocessing.process"]
    with starts(folder, env, one=names, other=names) as server:
        one, other = (
            warm(server, "python draws.py", cwd=folder, env=env, stage=each) for each in ("one", "other")
        )
    assert one.warm
    assert other.warm
    assert len(one.lines) == len(other.lines) == 7
    assert not set(one.lines) & set(other.lines)


def test_plain_forks_draw_the_same_numbers() -> None:
    """The control of the test above."""
    script = (
        "import numpy.random, os\n"
        "for _ in range(2):\n"
        "    if os.fork() == 0: print(numpy.random.random(), flush=True); os._exit(0)\n"
        "    os.wait()"
    )
    one, other = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert one == other


@pytest.mark.parametrize("module", [warm_server, warm_stage])
def test_the_server_is_of_the_standard_library_alone(module: object) -> None:
    """Or a stage would find modules of ours loaded, which in a clone are not those of its commit."""
    tree = ast.parse(Path(str(vars(module)["__file__"])).read_text())
    named = [
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import) else [str(node.module)]
        )
    ]
    assert {name.partition(".")[0] for name in named} <= sys.stdlib_module_names | {"__future__"}


def test_a_stage_finds_no_module_of_ours_loaded(folder: Path, tmp_path: Path) -> None:
    write(folder, {"modules.py": "import sys; print(*sys.modules)"})
    with starts(folder, libraries(tmp_path, {}), one=["yaml"]) as server:
        ended = warm(server, "python modules.py", cwd=folder, env=libraries(tmp_path, {}), stage="one")
    loaded = ended.lines[0].split()
    assert "yaml" in loaded
    assert not [name for name in loaded if name.startswith(("ml_assets", "warm", "_warm"))]


def test_a_stage_does_not_wait_for_the_libraries_of_a_later_one(folder: Path, tmp_path: Path) -> None:
    env = libraries(tmp_path, {"slow": "import time; time.sleep(20)"})
    write(folder, {"prints.py": "print('done')"})
    started = time.monotonic()
    with starts(folder, env, first=["yaml"], last=["yaml", "slow"]) as server:
        server.begin()
        ended = warm(server, "python prints.py", cwd=folder, env=env, stage="first")
    assert ended.warm
    assert time.monotonic() - started < 15


def test_stages_side_by_side(folder: Path, tmp_path: Path) -> None:
    env = libraries(tmp_path, {})
    write(
        folder,
        {"ends.py": "import sys, time; time.sleep(0.3); print(sys.argv[1]); sys.exit(int(sys.argv[1]))"},
    )
    found: dict[int, tuple[int, list[str]]] = {}

    def run(number: int) -> None:
        ended = warm(server, f"python ends.py {number}", cwd=folder, env=env, stage=f"s{number % 2}")
        assert ended.warm
        found[number] = (ended.code, ended.lines)

    with starts(folder, env, s0=["yaml"], s1=["yaml", "numpy"]) as server:
        threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {number: (number, [str(number)]) for number in range(8)}


def test_no_file_of_the_server_stays_open_here(folder: Path, tmp_path: Path) -> None:
    env = libraries(tmp_path, {})
    write(folder, {"prints.py": "print('done')"})
    before = len(list(Path("/proc/self/fd").iterdir()))
    with starts(folder, env, one=["yaml"]) as server:
        for line in ("python prints.py", "python missing.py", "python prints.py"):
            warm(server, line, cwd=folder, env=env, stage="one")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
