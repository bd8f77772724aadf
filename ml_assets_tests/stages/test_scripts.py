"""The stages as scripts: what they leave, print and refuse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ml_assets_tests.factories import environment
from ml_assets_tests.stages.conftest import DAYS
from ml_assets_tests.stages.example import ROOT, land, refusal, run_stage

TABLES = ("data/processed", "data/features")


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(root)): file.read_bytes() for name in TABLES for file in (root / name).iterdir()
    }


def test_a_new_day_leaves_the_files_of_the_days_before_as_they_are(scratch: Path) -> None:
    before = contents(scratch)
    land(scratch / "data" / "raw", count=DAYS + 1)
    run_stage(scratch, "processed")
    run_stage(scratch, "features")
    after = contents(scratch)
    assert set(after) - set(before) == {f"{name}/2013-01-10.parquet" for name in TABLES}
    assert {name: after[name] for name in before} == before


def test_too_few_days_fail_the_model_with_what_to_land(scratch: Path) -> None:
    for file in sorted((scratch / "data" / "features").iterdir())[2:]:
        file.unlink()
    assert "land at least 6 more in data/raw/flights and data/raw/weather" in refusal(scratch, "model")


def test_no_days_at_all_fail_the_first_stage_with_what_to_do(scratch: Path) -> None:
    for file in (scratch / "data" / "raw" / "flights").iterdir():
        file.unlink()
    assert "data/raw/flights holds no day: land some" in refusal(scratch, "processed")


def test_a_day_whose_weather_has_not_landed_is_named(scratch: Path) -> None:
    (scratch / "data" / "raw" / "weather" / "2013-01-03.csv").unlink()
    printed = run_stage(scratch, "processed")
    assert f"{DAYS} days, 2013-01-01 to 2013-01-09" in printed
    assert "no weather landed for 1 of the days: 2013-01-03" in printed


def test_lines_leave_the_script_as_they_are_printed() -> None:
    script = "import os; from ml_assets.stages.script import run; run(lambda: (print('first'), os._exit(3)))"
    # Which would make the promise empty.
    env = {name: value for name, value in environment().items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "first\n")
