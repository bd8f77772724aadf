"""Whatever happens to the memory of days, and whenever the stage dies: the bytes are the same."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_assets.stages import features, memory, paths, processed
from ml_assets.stages.errors import StrayRows
from ml_assets_tests.factories import environment
from ml_assets_tests.stages.days_project import Project, day_of, digest, from_scratch


@pytest.mark.parametrize("damage", [b"", b"PAR1 something else", None])
def test_a_damaged_entry_is_made_again(
    project: Project, monkeypatch: pytest.MonkeyPatch, damage: bytes | None
) -> None:
    """The control is a memory that trusts names: it would give these bytes to the model."""
    project.run(monkeypatch)
    before = project.output()
    for entry in project.entries:
        whole = entry.read_bytes()
        entry.unlink()
        entry.write_bytes(whole[:-1] if damage is None else damage)

    project.run(monkeypatch)

    assert project.output() == before
    assert all(digest(entry) == entry.name.partition(".")[2] for entry in project.entries)


def test_an_output_that_is_edited_in_place_does_not_become_memory(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.run(monkeypatch)
    before = project.output()
    with (project.root / paths.PROCESSED / f"{day_of(3)}.parquet").open("r+b") as file:
        file.write(b"edited")

    project.run(monkeypatch)

    assert project.output() == before


def test_a_memory_where_a_file_is_in_the_way_is_told_of_and_costs_time_only(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.root / ".ml_assets").write_text("a file")
    project.run(monkeypatch)
    assert len(project.output()) == 24
    said = capsys.readouterr().out
    assert said.count("nothing can be remembered in .ml_assets/memory/processed") == 1


def test_a_full_disk_stops_the_remembering_and_not_the_stage(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(memory, "_link", full)
    project.run(monkeypatch)
    assert len(project.output()) == 24
    assert capsys.readouterr().out.count("No space left on device") == 2


def test_where_there_are_no_links_files_are_copied(
    project: Project, monkeypatch: pytest.MonkeyPatch, computed: list[Any]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    project.run(monkeypatch)
    before = project.output()
    computed.clear()
    project.run(monkeypatch)
    assert computed == []
    assert project.output() == before


def test_a_row_of_another_day_is_refused_with_its_file(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Computed day by day, it would count on one day or the other, by what is remembered."""
    file = project.root / "data/raw/flights" / f"{day_of(4)}.csv"
    file.write_text(file.read_text().replace("2013,1,5", "2013,1,6", 1))
    with pytest.raises(StrayRows, match=r"2013-01-05\.csv has 1 rows of another day, such as 2013-01-06"):
        project.run(monkeypatch)


def _run_stages(root: Path) -> None:
    os.chdir(root)
    processed.main()
    features.main()


def test_two_at_once_share_a_memory(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As two experiments do, each in its own clone."""
    monkeypatch.setenv(memory.FOLDER, str(tmp_path / "shared"))
    others = [Project(tmp_path / f"clone-{number}") for number in range(2)]
    for other in others:
        for number in range(12):
            other.land(day_of(number), seed=number)
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=_run_stages, args=(other.root,)) for other in others]
    for process in running:
        process.start()
    for process in running:
        process.join()

    assert [process.exitcode for process in running] == [0, 0]
    expected = from_scratch(project, monkeypatch, tmp_path)
    assert [other.output() for other in others] == [expected] * 2


@pytest.mark.slow
def test_killed_at_any_time_the_next_run_gives_the_same_bytes(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = from_scratch(project, monkeypatch, tmp_path)
    command = [sys.executable, "-m", "ml_assets.stages.processed"]
    for seconds in (0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8):
        running = subprocess.Popen(command, cwd=project.root, env=environment(), stdout=subprocess.DEVNULL)
        time.sleep(seconds)
        running.send_signal(signal.SIGKILL)
        running.wait()
        project.run(monkeypatch)
        assert project.output() == expected
        for entry in project.entries[::2]:
            entry.unlink()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("land"), st.integers(0, 14), st.integers(0, 5)),
        st.tuples(st.just("remove"), st.integers(0, 14)),
        st.tuples(st.just("late"), st.sampled_from([15, 30])),
        st.tuples(st.just("forget"), st.integers(1, 3)),
        st.tuples(st.just("damage"), st.integers(1, 3)),
        st.just(("run",)),
    ),
    max_size=12,
)


@pytest.mark.parametrize("examples", [12, pytest.param(150, marks=pytest.mark.slow)])
def test_whatever_happens_the_bytes_are_those_of_a_run_from_scratch(
    examples: int, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    @settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(steps)
    def walk(taken: list[tuple[Any, ...]]) -> None:
        folder = tmp_path_factory.mktemp("walk")
        project = Project(folder / "project")
        landed = {0}
        project.land(day_of(0), seed=0)
        for step, *given_ in [*taken, ("run",)]:
            match step:
                case "land":
                    landed.add(given_[0])
                    project.land(day_of(given_[0]), seed=given_[1] * 100 + given_[0])
                case "remove" if given_[0] in landed and len(landed) > 1:
                    landed.remove(given_[0])
                    project.remove(day_of(given_[0]))
                case "late":
                    project.set_params(late_minutes=given_[0])
                case "forget":
                    for entry in project.entries[:: given_[0]]:
                        entry.unlink()
                case "damage":
                    for entry in project.entries[:: given_[0]]:
                        entry.unlink()
                        entry.write_bytes(b"damaged")
                case "run":
                    project.run(monkeypatch)
        made = project.output()
        assert made == from_scratch(project, monkeypatch, folder)

    walk()
