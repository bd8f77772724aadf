"""Warm starts within a run of stages: when the server starts, and that DVC's files tell nothing of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ml_assets.dvc.errors import PreloadInvalid, WarmServerDied
from ml_assets.dvc.events import Outcome, Redo, StageFinished, StageLine, Start
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets.dvc.warm import WarmStarts
from ml_assets_tests.factories import DOUBLE, TOTAL, TWO_STAGES, dvc, make_two_stages, write

ASKING = "    meta: {{dagster: {{preload: {names}}}}}\n"
TELLS = "import sys; print('warm' if 'yaml' in sys.modules else 'cold')\n"


def ask(root: Path, names: str = "[yaml]") -> None:
    """Let both stages ask for libraries and tell whether they got them."""
    text = TWO_STAGES.replace("    deps:", ASKING.format(names=names) + "    deps:")
    write(root, {"dvc.yaml": text, "double.py": TELLS + DOUBLE, "total.py": TELLS + TOTAL})


@pytest.fixture
def asking(project: DvcProject) -> DvcProject:
    ask(project.root)
    return project


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows with each server that is started."""
    found: list[str] = []
    original = WarmStarts._new_server

    def counted(self: WarmStarts) -> object:
        found.append("server")
        return original(self)

    monkeypatch.setattr(WarmStarts, "_new_server", counted)
    return found


def words(project: DvcProject, *, redo: Redo = Redo.CHANGED, start: Start = Start.WARM) -> list[str]:
    lines = [
        e.text
        for e in run_stages(project, ["double", "total"], redo=redo, start=start)
        if isinstance(e, StageLine)
    ]
    return [line for line in lines if line in ("warm", "cold")]


def test_dvcs_files_are_those_of_dvc_repro(asking: DvcProject, tmp_path: Path) -> None:
    by_hand = make_two_stages(tmp_path / "by-hand")
    ask(by_hand)
    dvc("repro", "-q", cwd=by_hand)
    assert words(asking) == ["warm", "warm"]
    assert (asking.root / "dvc.lock").read_bytes() == (by_hand / "dvc.lock").read_bytes()
    assert "preload" not in (asking.root / "dvc.lock").read_text()
    assert "up to date" in dvc("repro", cwd=asking.root)


def test_the_server_starts_once_and_only_for_a_command_that_runs(
    asking: DvcProject, begun: list[str]
) -> None:
    assert words(asking) == ["warm", "warm"]
    assert begun == ["server"]
    assert words(asking) == []
    write(asking.root, {"params.yaml": "offset: 2\n"})
    assert words(asking, start=Start.COLD) == ["cold"]
    write(asking.root, {"params.yaml": "offset: 1\n"})
    restored = list(run_stages(asking, ["double", "total"]))
    assert [e.outcome for e in restored if isinstance(e, StageFinished)] == [
        Outcome.UNCHANGED,
        Outcome.RESTORED,
    ]
    assert begun == ["server"]
    assert words(asking, redo=Redo.ALL) == ["warm", "warm"]
    assert begun == ["server", "server"]


def test_stages_that_ask_for_nothing_start_no_server(project: DvcProject, begun: list[str]) -> None:
    write(project.root, {"double.py": TELLS + DOUBLE})
    assert words(project, redo=Redo.ALL) == ["cold"]
    assert begun == []


def test_a_server_that_is_killed_breaks_its_stage_and_the_next_run_is_right(asking: DvcProject) -> None:
    write(asking.root, {"double.py": "import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(60)\n"})
    with pytest.raises(WarmServerDied, match="double"):
        words(asking)
    ask(asking.root)
    assert words(asking) == ["warm", "warm"]
    assert "up to date" in dvc("status", cwd=asking.root)


def test_what_is_no_list_of_modules_stops_the_run_before_it_begins(asking: DvcProject) -> None:
    ask(asking.root, "yaml")
    with pytest.raises(PreloadInvalid, match=r"'double' in dvc\.yaml is 'yaml'"):
        words(asking)
    assert not (asking.root / "dvc.lock").exists()


def test_a_list_of_commands_is_judged_one_by_one(asking: DvcProject) -> None:
    text = (asking.root / "dvc.yaml").read_text()
    both = (
        f"    cmd:\n      - python double.py\n      - {sys.executable} double.py > log.txt; tail -1 log.txt\n"
    )
    write(asking.root, {"dvc.yaml": text.replace("    cmd: python double.py\n", both)})
    events = list(run_stages(asking, ["double"]))
    lines = [event.text for event in events if isinstance(event, StageLine)]
    assert lines == ["warm", "doubling 3", "(starts cold: it needs a shell)", "doubling 3"]
