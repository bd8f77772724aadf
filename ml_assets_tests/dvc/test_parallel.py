"""Stages side by side: DVC's files as if they had run one after the other."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_assets.dvc.errors import StageFailed
from ml_assets.dvc.events import Event, OnFailure, StageBroke, StageFinished, StageSkipped, StageStarted
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets_tests.factories import BIN, dvc, environment, make_project, write


def pipeline(reads: dict[str, list[str]], commands: dict[str, str] | None = None) -> dict[str, str]:
    """A dvc.yaml of stages that write `<name>.txt` from what they read."""
    lines = ["stages:"]
    for name, above in reads.items():
        default = f"cat {' '.join(['seed.txt', *(f'{other}.txt' for other in above)])} > {name}.txt"
        command = (commands or {}).get(name, f"{default} && echo {name} >> {name}.txt")
        lines += [f"  {name}:", f"    cmd: {command}", f"    outs: [{name}.txt]", "    deps:"]
        lines += [f"      - {path}" for path in ["seed.txt", *(f"{other}.txt" for other in above)]]
    return {"dvc.yaml": "\n".join(lines) + "\n", "seed.txt": "0\n"}


WIDE: dict[str, list[str]] = {name: [] for name in ("f", "e", "d", "c", "b", "a")} | {
    "join": ["a", "b", "c", "d", "e", "f"]
}
# The first stages of the file end last, so that they are recorded in another order than they started.
SLOW = {name: f"sleep 0.{9 - 2 * number} && echo {name} > {name}.txt" for number, name in enumerate("fedc")}


def events(project: DvcProject, *, jobs: int) -> list[Event]:
    return list(run_stages(project, [stage.name for stage in project.manifest().stages], jobs=jobs))


def failing(project: DvcProject, *, jobs: int, on_failure: OnFailure) -> tuple[list[Event], StageFailed]:
    """The events of a run that fails, and its error."""
    found: list[Event] = []
    names = [stage.name for stage in project.manifest().stages]
    run = run_stages(project, names, jobs=jobs, on_failure=on_failure)
    try:
        found.extend(iter(run.__next__, None))
    except StageFailed as error:
        return found, error
    raise AssertionError("the run did not fail")


def test_six_stages_at_once_leave_the_lock_of_a_serial_repro(tmp_path: Path) -> None:
    by_hand = make_project(tmp_path / "by-hand", pipeline(WIDE, SLOW))
    ours = DvcProject(Path(shutil.copytree(by_hand, tmp_path / "ours")))
    dvc("repro", "-q", cwd=by_hand)
    found = events(ours, jobs=6)
    ended = [event.stage for event in found if isinstance(event, StageFinished)]
    assert ended != [stage.name for stage in ours.manifest().stages]
    assert (ours.root / "dvc.lock").read_bytes() == (by_hand / "dvc.lock").read_bytes()
    assert "up to date" in dvc("status", cwd=ours.root)


@pytest.mark.slow
def test_six_dvc_repro_at_once_lose_some(tmp_path: Path) -> None:
    """The control of the test above: DVC's waiter gives up after 3 s while a neighbour hashes or copies."""
    large = 300_000_000
    commands = {name: f"head -c {large} /dev/zero > {name}.txt" for name in "abcdef"}
    root = make_project(tmp_path / "project", pipeline({name: [] for name in "abcdef"}, commands))
    started = [
        subprocess.Popen([str(BIN / "dvc"), "repro", "-q", "-s", name], cwd=root, env=environment())
        for name in "abcdef"
    ]
    assert any(process.wait() for process in started)


def test_independent_stages_overlap_and_a_stage_waits_for_what_it_reads(tmp_path: Path) -> None:
    project = DvcProject(make_project(tmp_path / "p", pipeline(WIDE, SLOW)))
    found = events(project, jobs=4)
    order = [type(event).__name__ + event.stage for event in found if not hasattr(event, "text")]
    first_end = next(n for n, name in enumerate(order) if name.startswith("StageFinished"))
    assert first_end >= 2
    assert order.index("StageStartedjoin") > max(order.index(f"StageFinished{name}") for name in "abcdef")


def test_after_a_failure_nothing_new_is_started(tmp_path: Path) -> None:
    reads: dict[str, list[str]] = {"bad": [], "below": ["bad"], "other": []}
    project = DvcProject(make_project(tmp_path / "p", pipeline(reads, {"bad": "exit 3"})))
    found, error = failing(project, jobs=1, on_failure=OnFailure.STOP)
    assert error.stage == "bad"
    assert {event.stage for event in found if isinstance(event, StageSkipped)} == {"below", "other"}
    assert {event.stage for event in found if isinstance(event, StageStarted)} == {"bad"}


def test_keep_going_finishes_what_does_not_depend_on_the_failure(tmp_path: Path) -> None:
    reads: dict[str, list[str]] = {"bad": [], "below": ["bad"], "other": [], "worse": []}
    commands = {"bad": "exit 3", "worse": "exit 4"}
    project = DvcProject(make_project(tmp_path / "p", pipeline(reads, commands)))
    found, error = failing(project, jobs=2, on_failure=OnFailure.KEEP_GOING)
    assert {event.stage for event in found if isinstance(event, StageFinished)} == {"other"}
    assert {event.stage for event in found if isinstance(event, StageSkipped)} == {"below"}
    assert len(error.__notes__) == 1
    assert (project.root / "other.txt").exists()


@pytest.mark.parametrize("jobs", [1, 2])
def test_failures_take_no_place_from_what_does_not_depend_on_them(tmp_path: Path, jobs: int) -> None:
    reads: dict[str, list[str]] = {"a": [], "b": [], "c": [], "d": []}
    commands = {"a": "exit 1", "b": "exit 1"}
    project = DvcProject(make_project(tmp_path / "p", pipeline(reads, commands)))
    found, _ = failing(project, jobs=jobs, on_failure=OnFailure.KEEP_GOING)
    assert {event.stage for event in found if isinstance(event, StageFinished)} == {"c", "d"}
    assert {event.stage for event in found if isinstance(event, StageBroke)} == {"a", "b"}


DAGS = st.lists(st.sets(st.integers(0, 4), max_size=3), min_size=2, max_size=5)
EDITS = st.lists(st.sampled_from(["seed", "touch", "command", "output"]), max_size=2)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dag=DAGS, edits=EDITS)
def test_random_graphs_and_edits_end_like_a_serial_repro(
    tmp_path_factory: pytest.TempPathFactory, dag: list[set[int]], edits: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("dag")
    reads = {f"s{n}": [f"s{m}" for m in sorted(above) if m < n] for n, above in enumerate(dag)}
    by_hand = make_project(folder / "by-hand", pipeline(reads))
    ours = DvcProject(Path(shutil.copytree(by_hand, folder / "ours")))
    for edit in [None, *edits]:
        for root in (by_hand, ours.root):
            _edit(root, edit, reads)
        dvc("repro", "-q", cwd=by_hand)
        events(ours, jobs=3)
        assert (ours.root / "dvc.lock").read_bytes() == (by_hand / "dvc.lock").read_bytes()
    assert "up to date" in dvc("status", cwd=ours.root)
    assert "up to date" in dvc("repro", cwd=ours.root)


def _edit(root: Path, edit: str | None, reads: dict[str, list[str]]) -> None:
    if edit == "seed":
        write(root, {"seed.txt": (root / "seed.txt").read_text() + "1\n"})
    elif edit == "touch":
        (root / "seed.txt").touch()
    elif edit == "command":
        text = (root / "dvc.yaml").read_text()
        write(root, {"dvc.yaml": text.replace("echo s1 >>", "echo again >> s1.txt && echo s1 >>", 1)})
    elif edit == "output":
        (root / "s0.txt").unlink()
