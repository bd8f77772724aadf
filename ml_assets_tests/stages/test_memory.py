"""The memory of days: it saves time, and changes no byte, whatever happens to it."""

from __future__ import annotations

import datetime as dt
import hashlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_assets.stages import daily, features, memory, paths, processed
from ml_assets.stages.errors import ParamInvalid, StrayRows
from ml_assets.stages.memory import Memory
from ml_assets_tests.factories import environment
from ml_assets_tests.stages.tables import FIRST, flight, weather

PARAMS = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
WINDOW = max(PARAMS["features"]["windows"])


class Project:
    """A folder with raw days, in which both stages run within this process."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.set_params()

    def set_params(self, **target: Any) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump({**PARAMS, "target": {**PARAMS["target"], **target}})
        (self.root / "params.yaml").write_text(text)

    def land(self, day: dt.date, seed: int) -> None:
        """Flights at all hours, and the weather but for some hours; another seed is a corrected day."""
        chance = random.Random(seed)  # noqa: S311 - the same rows each time
        flights = [
            flight(day, hour=hour, sched_dep_time=hour * 100 + 15, arr_delay=chance.randint(-20, 60))
            | {"carrier": chance.choice(["UA", "B6"]), "flight": number + 1}
            for number, hour in enumerate(sorted(chance.choices(range(24), k=6)))
        ]
        hours = [weather(day, hour, temp=chance.random() * 60) for hour in range(24) if chance.random() < 0.9]
        for folder, rows in (("flights", flights), ("weather", hours)):
            file = self.root / "data/raw" / folder / f"{day}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            pl.DataFrame(rows, infer_schema_length=None).write_csv(file)

    def remove(self, day: dt.date) -> None:
        for folder in ("flights", "weather"):
            (self.root / "data/raw" / folder / f"{day}.csv").unlink()

    def run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(self.root)
        processed.main()
        features.main()

    def output(self) -> dict[str, str]:
        made = [*(self.root / paths.PROCESSED).iterdir(), *(self.root / paths.FEATURES).iterdir()]
        return {f"{file.parent.name}/{file.name}": _digest(file) for file in made}

    @property
    def entries(self) -> list[Path]:
        return sorted(file for file in (self.root / memory.DEFAULT_FOLDER).rglob("*") if file.is_file())


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    for number in range(12):
        made.land(_day(number), seed=number)
    return made


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[int]]]:
    """The days that each stage computes, by number, as they are asked for."""
    asked: list[tuple[str, list[int]]] = []
    real = daily.make_days

    def spy(folder: Path, keys: Any, kept: Any, compute: Any) -> Any:
        def told(wanted: Sequence[dt.date]) -> Any:
            asked.append((folder.name, [(day - FIRST).days for day in wanted]))
            return compute(wanted)

        return real(folder, keys, kept, told)

    monkeypatch.setattr(daily, "make_days", spy)
    return asked


def from_scratch(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """What the stages make of the same days without any memory."""
    monkeypatch.setenv(memory.FOLDER, str(tmp_path / "nothing-yet"))
    project.run(monkeypatch)
    monkeypatch.delenv(memory.FOLDER)
    return project.output()


def test_a_second_run_computes_nothing_and_gives_the_same_bytes(
    project: Project, monkeypatch: pytest.MonkeyPatch, computed: list[Any]
) -> None:
    project.run(monkeypatch)
    first = project.output()
    assert [days for _, days in computed] == [list(range(12))] * 2
    computed.clear()

    project.run(monkeypatch)

    assert computed == []
    assert project.output() == first


def test_a_new_day_is_computed_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch, computed: list[Any], tmp_path: Path
) -> None:
    project.run(monkeypatch)
    computed.clear()
    project.land(_day(12), seed=12)

    project.run(monkeypatch)

    assert computed == [("processed", [12]), ("features", [12])]
    assert project.output() == from_scratch(project, monkeypatch, tmp_path)


def test_a_corrected_day_recomputes_what_depends_on_it_and_no_more(
    project: Project, monkeypatch: pytest.MonkeyPatch, computed: list[Any], tmp_path: Path
) -> None:
    project.run(monkeypatch)
    computed.clear()
    project.land(_day(2), seed=99)

    project.run(monkeypatch)

    # The flights just after the next midnight have its last weather; a week of features has its outcomes.
    assert computed[0] == ("processed", [2, 3])
    stage, days = computed[1]
    assert stage == "features"
    assert set(days) <= set(range(2, 2 + WINDOW + 2))
    assert set(range(2, 2 + WINDOW + 1)) <= set(days)
    assert project.output() == from_scratch(project, monkeypatch, tmp_path)


def test_a_late_day_recomputes_what_depends_on_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, computed: list[Any], tmp_path: Path
) -> None:
    project.remove(_day(1))
    project.run(monkeypatch)
    computed.clear()
    project.land(_day(1), seed=1)

    project.run(monkeypatch)

    assert computed[0] == ("processed", [1, 2])
    assert computed[1] == ("features", list(range(1, 1 + WINDOW + 1)))
    assert project.output() == from_scratch(project, monkeypatch, tmp_path)


def test_the_files_of_other_days_are_not_touched(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or DVC would read them all again, and copy them."""
    project.run(monkeypatch)
    made = [*(project.root / paths.PROCESSED).iterdir(), *(project.root / paths.FEATURES).iterdir()]
    before = {file: (file.stat().st_ino, file.stat().st_ctime_ns) for file in made}
    project.land(_day(12), seed=12)

    project.run(monkeypatch)

    assert {file: (file.stat().st_ino, file.stat().st_ctime_ns) for file in made} == before


def test_another_parameter_recomputes_everything_and_the_old_one_is_remembered(
    project: Project, monkeypatch: pytest.MonkeyPatch, computed: list[Any]
) -> None:
    project.run(monkeypatch)
    before = project.output()
    computed.clear()

    project.set_params(late_minutes=30)
    project.run(monkeypatch)
    changed = [days for _, days in computed]
    computed.clear()
    project.set_params()
    project.run(monkeypatch)

    assert changed == [list(range(12))] * 2
    assert computed == []
    assert project.output() == before


def test_edited_code_recomputes_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "memory.py").write_text("1")
    monkeypatch.setattr(memory, "__file__", str(code / "memory.py"))
    before = Memory.of("processed", {})
    (code / "history.py").write_text("2")
    assert before.key({}) != Memory.of("processed", {}).key({})
    assert Memory.of("processed", {"x": 1}).key({}) != Memory.of("processed", {"x": 2}).key({})


def test_a_file_has_another_key_in_another_role(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    made = Memory(tmp_path, "")
    assert made.key({"weather": tmp_path / "a", "evening": None}) != made.key(
        {"weather": None, "evening": tmp_path / "a"}
    )


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
    assert all(_digest(entry) == entry.name.partition(".")[2] for entry in project.entries)


def test_an_output_that_is_edited_in_place_does_not_become_memory(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.run(monkeypatch)
    before = project.output()
    with (project.root / paths.PROCESSED / f"{_day(3)}.parquet").open("r+b") as file:
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


def test_what_was_not_used_for_longest_is_forgotten_first(tmp_path: Path) -> None:
    made = Memory(tmp_path / "memory", "", limit=250)
    for name in "abc":
        (tmp_path / name).write_text(name * 100)
        made.keep(name, tmp_path / name)
        time.sleep(0.02)
    later = Memory(tmp_path / "memory", "", limit=250)
    assert later.recall("a", tmp_path / "again")

    later.tidy()

    assert sorted(file.name[0] for file in made.folder.iterdir()) == ["a", "c"]


def test_what_this_run_has_used_is_kept_beyond_the_limit(tmp_path: Path) -> None:
    made = Memory(tmp_path / "memory", "", limit=10)
    for name in "abc":
        (tmp_path / name).write_text(name * 100)
        made.keep(name, tmp_path / name)
    made.tidy()
    assert len(list(made.folder.iterdir())) == 3


def test_the_limit_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.LIMIT, "1 GB")
    with pytest.raises(ParamInvalid, match="ML_ASSETS_MEMORY_BYTES in the environment is '1 GB'"):
        Memory.of("processed", {})


def test_a_row_of_another_day_is_refused_with_its_file(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Computed day by day, it would count on one day or the other, by what is remembered."""
    file = project.root / "data/raw/flights" / f"{_day(4)}.csv"
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
            other.land(_day(number), seed=number)
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
        project.land(_day(0), seed=0)
        for step, *given_ in [*taken, ("run",)]:
            match step:
                case "land":
                    landed.add(given_[0])
                    project.land(_day(given_[0]), seed=given_[1] * 100 + given_[0])
                case "remove" if given_[0] in landed and len(landed) > 1:
                    landed.remove(given_[0])
                    project.remove(_day(given_[0]))
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
