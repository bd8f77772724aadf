"""No feature tells what is known only after departure."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ml_assets.stages import columns
from ml_assets.stages.errors import LeakRefused
from ml_assets.stages.processed import join_days, read_flights, read_weather
from ml_assets_tests.factories import write
from ml_assets_tests.stages.example import feed, refusal
from ml_assets_tests.stages.tables import features

DAY = date(2013, 1, 2)


@pytest.mark.parametrize("column", [*columns.OUTCOME, columns.TARGET])
def test_features_refuses_a_forbidden_column(column: str) -> None:
    with pytest.raises(LeakRefused, match=column):
        columns.refuse_leaks(["temp", column], "features.extra")


def test_asking_for_the_tail_number_in_params_fails_with_the_reason(scratch: Path) -> None:
    params = (scratch / "params.yaml").read_text()
    write(scratch, {"params.yaml": params.replace("extra: []", "extra: [wind_gust, tailnum]")})
    assert "LeakRefused: tailnum may not be a feature" in refusal(scratch, "features")


def test_model_refuses_a_feature_table_with_the_tail_number_in_it(scratch: Path) -> None:
    for file in (scratch / "data" / "features").iterdir():
        pl.read_parquet(file).with_columns(tailnum=pl.lit("N14228")).write_parquet(file)
    assert "LeakRefused: tailnum may not be a feature" in refusal(scratch, "model")


def test_no_feature_of_a_real_day_depends_on_what_happened_that_day(tmp_path: Path) -> None:
    write(tmp_path, {name: body.decode() for name, body in feed().csv_of(DAY).items()})
    weather = read_weather([tmp_path / "weather" / f"{DAY}.csv"])
    landed = read_flights([tmp_path / "flights" / f"{DAY}.csv"]).collect()
    nothing = landed.with_columns(pl.lit(None, landed.schema[name]).alias(name) for name in columns.OUTCOME)
    real, cancelled = (
        features({DAY: join_days(flights.lazy(), weather, late_minutes=15).collect()})[DAY]
        for flights in (landed, nothing)
    )
    assert real[columns.TARGET].mean() != 1
    assert cancelled[columns.TARGET].mean() == 1
    key = ["sched_dep_time", "origin", "carrier", "flight", "dest"]
    assert without_target(real).sort(key).equals(without_target(cancelled).sort(key))


def without_target(table: pl.DataFrame) -> pl.DataFrame:
    return table.drop(columns.TARGET)


def test_the_model_learns_from_allowed_columns_only(reproduced: Path) -> None:
    named = json.loads((reproduced / "models" / "card.json").read_text())["features"]
    columns.refuse_leaks([*named["categorical"], *named["numeric"]], "models/card.json")
    assert named["categorical"] == list(columns.CATEGORICAL)
    assert "carrier_rate_7d" in named["numeric"]
