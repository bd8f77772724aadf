"""The runner against `dvc repro` itself: same lock, nothing twice, nothing left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ml_assets.dvc.errors import DependencyChanged, StageFailed
from ml_assets.dvc.events import Outcome, Redo, StageFinished, StageLine
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets_tests.factories import dvc, make_two_stages, write
from ml_assets_tests.processes import assert_gone

ALL = ("double", "total")
SLEEPER = """\
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path("pids.txt").write_text(f"{os.getpid()} {child.pid}")
print("sleeping", flush=True)
time.sleep(60)
"""


def outcomes(project: DvcProject, *stages: str, redo: Redo = Redo.CHANGED) -> dict[str, Outcome]:
    events = run_stages(project, stages or ALL, redo=redo)
    return {event.stage: event.outcome for event in events if isinstance(event, StageFinished)}


def test_the_lock_is_byte_identical_to_a_serial_dvc_repro(project: DvcProject, tmp_path: Path) -> None:
    assert outcomes(project) == {"double": Outcome.RAN, "total": Outcome.RAN}
    by_hand = make_two_stages(tmp_path / "by-hand")
    dvc("repro", "-q", cwd=by_hand)
    assert (project.root / "dvc.lock").read_bytes() == (by_hand / "dvc.lock").read_bytes()
    assert "Data and pipelines are up to date" in dvc("status", cwd=project.root)


def test_stages_run_in_the_pipelines_order_whatever_order_is_asked(project: DvcProject) -> None:
    assert list(outcomes(project, "total", "double")) == ["double", "total"]


def test_an_unchanged_stage_is_not_run_and_a_forced_one_is(project: DvcProject) -> None:
    outcomes(project)
    assert outcomes(project) == {"double": Outcome.UNCHANGED, "total": Outcome.UNCHANGED}
    assert outcomes(project, redo=Redo.ALL) == {"double": Outcome.RAN, "total": Outcome.RAN}


def test_going_back_restores_from_the_run_cache(project: DvcProject) -> None:
    outcomes(project)
    write(project.root, {"params.yaml": "offset: 2\n"})
    assert outcomes(project)["total"] is Outcome.RAN
    write(project.root, {"params.yaml": "offset: 1\n"})
    assert outcomes(project)["total"] is Outcome.RESTORED


def test_output_comes_line_by_line_while_the_command_runs(project: DvcProject) -> None:
    lines = [event for event in run_stages(project, ALL) if isinstance(event, StageLine)]
    assert lines == [StageLine("double", "doubling 3"), StageLine("total", "total 13")]


def test_a_failure_names_stage_exit_code_and_last_lines_and_stops_what_is_below(project: DvcProject) -> None:
    write(project.root, {"double.py": "print('about to fail'); raise SystemExit(3)\n"})
    with pytest.raises(StageFailed) as caught:
        outcomes(project)
    assert caught.value.stage == "double"
    assert "exit code 3" in str(caught.value)
    assert caught.value.tail == ("about to fail",)
    assert not (project.root / "total.json").exists()


def test_a_missing_dependency_is_told_in_dvcs_words(project: DvcProject) -> None:
    (project.root / "total.py").unlink()
    with pytest.raises(StageFailed, match=r"total\.py"):
        outcomes(project)


def test_data_that_changes_under_a_running_stage_is_refused_and_the_next_run_is_right(
    project: DvcProject,
) -> None:
    careless = (
        "import pathlib\n"
        "numbers = [int(p.read_text()) for p in sorted(pathlib.Path('data/raw').iterdir())]\n"
        "late = pathlib.Path('data/raw/9.txt')\n"
        "late.exists() or late.write_text('9')\n"
        "pathlib.Path('data/double.txt').write_text(''.join(f'{2 * n}\\n' for n in numbers))\n"
    )
    write(project.root, {"double.py": careless})
    with pytest.raises(DependencyChanged, match="data/raw"):
        outcomes(project)
    assert outcomes(project)["double"] is Outcome.RAN
    assert "18" in (project.root / "data/double.txt").read_text()


def test_plain_dvc_records_such_a_result_as_up_to_date(project: DvcProject) -> None:
    """The control of the test above (DVC issue 11058)."""
    careless = (
        "import pathlib\n"
        "numbers = sorted(p.name for p in pathlib.Path('data/raw').iterdir())\n"
        "pathlib.Path('data/raw/9.txt').write_text('9')\n"
        "pathlib.Path('data/double.txt').write_text(str(numbers))\n"
    )
    write(project.root, {"double.py": careless})
    dvc("repro", "-q", "double", cwd=project.root)
    assert "9.txt" not in (project.root / "data/double.txt").read_text()
    assert "double" not in dvc("status", "double", cwd=project.root)


def test_closing_the_iterator_stops_the_command_and_its_children(project: DvcProject) -> None:
    write(project.root, {"double.py": SLEEPER})
    events = run_stages(project, ALL)
    next(event for event in events if isinstance(event, StageLine))
    pids = _pids(project.root)
    started = time.monotonic()
    events.close()
    assert time.monotonic() - started < 5
    assert_gone(pids, within=2)


def test_killing_the_runner_leaves_no_orphan_and_the_next_run_is_right(project: DvcProject) -> None:
    write(project.root, {"double.py": SLEEPER})
    code = (
        "from pathlib import Path; from ml_assets.dvc.project import DvcProject; "
        "from ml_assets.dvc.runner import run_stages; "
        f"list(run_stages(DvcProject(Path({str(project.root)!r})), ['double']))"
    )
    runner = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    _wait_for(project.root / "pids.txt")
    pids = _pids(project.root)
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    assert_gone(pids, within=2)
    (project.root / "double.py").unlink()
    write(project.root, {"double.py": "import pathlib; pathlib.Path('data/double.txt').write_text('2')"})
    assert outcomes(project)["double"] is Outcome.RAN


def test_a_torn_rwlock_left_by_a_kill_does_not_stop_the_next_run(project: DvcProject) -> None:
    outcomes(project)
    (project.root / ".dvc" / "tmp" / "rwlock").write_text("{")
    assert outcomes(project) == {"double": Outcome.UNCHANGED, "total": Outcome.UNCHANGED}


def test_a_run_waits_while_another_dvc_holds_the_lock(project: DvcProject) -> None:
    """DVC's own waiter gives up after 3 s."""
    holder = (
        "import sys, time; from dvc.repo import Repo; r = Repo(sys.argv[1])\n"
        "with r.lock:\n    print('held', flush=True); time.sleep(4)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(project.root)], stdout=subprocess.PIPE, cwd=project.root
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert outcomes(project)["total"] is Outcome.RAN


def _pids(root: Path) -> list[int]:
    return [int(pid) for pid in (root / "pids.txt").read_text().split()]


def _wait_for(path: Path, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.02)
