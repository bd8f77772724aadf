"""A folder of raw days in which the stages run within this process, and what they make of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from ml_assets.stages import features, memory, paths, processed
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
        return {f"{file.parent.name}/{file.name}": digest(file) for file in made}

    @property
    def entries(self) -> list[Path]:
        return sorted(file for file in (self.root / memory.DEFAULT_FOLDER).rglob("*") if file.is_file())


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def day_of(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def from_scratch(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """What the stages make of the same days without any memory."""
    monkeypatch.setenv(memory.FOLDER, str(tmp_path / "nothing-yet"))
    project.run(monkeypatch)
    monkeypatch.delenv(memory.FOLDER)
    return project.output()
