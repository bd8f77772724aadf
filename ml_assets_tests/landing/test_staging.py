from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.landing.staging import staging_area, sweep


def test_it_is_gone_afterwards_also_after_a_failure(tmp_path: Path) -> None:
    def fail() -> None:
        with staging_area(tmp_path) as area:
            (area / "000001").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [each for each in tmp_path.iterdir() if each.is_dir()] == []


def test_what_the_living_have_stays_and_what_the_dead_left_goes(tmp_path: Path) -> None:
    dead = tmp_path / "dead"
    dead.mkdir()
    (dead / ".owner").touch()
    (dead / "000001").write_text("x")
    (tmp_path / "killed-before-it-was-owned").mkdir()

    with staging_area(tmp_path) as living:
        sweep(tmp_path)

        assert [each for each in tmp_path.iterdir() if each.is_dir()] == [living]
