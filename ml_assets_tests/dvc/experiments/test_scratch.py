"""Scratch folders go with their user, however it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ml_assets.dvc.scratch import remove_abandoned, scratch_folder

HOLDER = """
import sys, pathlib
from ml_assets.dvc.scratch import scratch_folder
with scratch_folder(pathlib.Path(sys.argv[1])) as folder:
    (folder / "file").write_text("x")
    (folder / "protected").mkdir(mode=0o500)
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_it_is_gone_after_use_also_after_a_failure(tmp_path: Path) -> None:
    def use() -> None:
        with scratch_folder(tmp_path / "scratch") as folder:
            (folder / "file").write_text("x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_one_of_a_living_process_stays_and_one_of_a_killed_process_is_removed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert remove_abandoned(tmp_path) == ()
        assert (folder / "file").exists()
        process.kill()
    with scratch_folder(tmp_path) as mine:
        assert [each for each in tmp_path.iterdir() if each.is_dir()] == [mine]
    assert list(tmp_path.iterdir()) == []
