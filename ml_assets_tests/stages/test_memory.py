"""The memory of days: it saves time, and changes no byte."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from ml_assets.stages import memory, paths
from ml_assets.stages.errors import ParamInvalid
from ml_assets.stages.memory import Memory
from ml_assets_tests.stages.days_project import WINDOW, Project, day_of, from_scratch


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
    project.land(day_of(12), seed=12)

    project.run(monkeypatch)

    assert computed == [("processed", [12]), ("features", [12])]
    assert project.output() == from_scratch(project, monkeypatch, tmp_path)


def test_a_corrected_day_recomputes_what_depends_on_it_and_no_more(
    project: Project, monkeypatch: pytest.MonkeyPatch, computed: list[Any], tmp_path: Path
) -> None:
    project.run(monkeypatch)
    computed.clear()
    project.land(day_of(2), seed=99)

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
    project.remove(day_of(1))
    project.run(monkeypatch)
    computed.clear()
    project.land(day_of(1), seed=1)

    project.run(monkeypatch)

    assert computed[0] == ("processed", [1, 2])
    assert computed[1] == ("features", list(range(1, 1 + WINDOW + 1)))
    assert project.output() == from_scratch(project, monkeypatch, tmp_path)


def test_the_files_of_other_days_are_not_touched(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or DVC would read them all again, and copy them."""
    project.run(monkeypatch)
    made = [*(project.root / paths.PROCESSED).iterdir(), *(project.root / paths.FEATURES).iterdir()]
    before = {file: (file.stat().st_ino, file.stat().st_ctime_ns) for file in made}
    project.land(day_of(12), seed=12)

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
