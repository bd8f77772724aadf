"""Scores and the tables behind the plots, for ordinary and for degenerate parts."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml_assets.stages import curves
from ml_assets.stages.errors import DaysSeen, OneOutcome
from ml_assets.stages.evaluation import metrics, refuse_seen_days
from ml_assets.stages.scores import scores
from ml_assets.stages.table import Table, read
from ml_assets_tests.stages.tables import FIRST, features, flight, processed

RNG = np.random.default_rng(1)
PREDICTED = RNG.random(2000)
ACTUAL = (RNG.random(2000) < PREDICTED).astype(np.int8)


def test_probabilities_that_come_true_are_calibrated_and_others_are_not() -> None:
    honest = scores(ACTUAL, PREDICTED, bins=10)
    boastful = scores(ACTUAL, PREDICTED**3, bins=10)
    assert honest["calibration_error"] < 0.05 < boastful["calibration_error"]
    assert honest["auc"] == boastful["auc"]
    assert honest["log_loss"] < boastful["log_loss"]


def test_a_slice_with_one_outcome_has_all_scores_but_those_of_ranking() -> None:
    none_late = scores(np.zeros(5, dtype=np.int8), PREDICTED[:5], bins=10)
    assert set(scores(ACTUAL, PREDICTED, bins=10)) - set(none_late) == {"auc", "pr_auc"}
    assert none_late["rows"] == 5
    assert none_late["disrupted"] == 0


def test_metrics_stand_for_each_origin_even_where_all_flights_were_on_time() -> None:
    origins = np.where(np.arange(2000) < 1500, "EWR", "LGA")
    actual = np.where(origins == "EWR", ACTUAL, 0).astype(np.int8)
    found = metrics(Table(pd.DataFrame({"origin": origins}), actual), PREDICTED, bins=10)
    assert found["origin"]["EWR"]["rows"] == 1500
    assert "auc" in found["origin"]["EWR"]
    assert "auc" not in found["origin"]["LGA"]
    assert found["rows"] == 2000


def test_a_whole_part_with_one_outcome_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data" / "features"
    folder.mkdir(parents=True)
    table = features({FIRST: processed([flight(FIRST, flight=n) for n in range(1, 4)])})[FIRST]
    table.write_parquet(folder / f"{FIRST}.parquet")
    with pytest.raises(OneOutcome, match=f"all 3 flights of {FIRST}"):
        read([FIRST])


def test_a_model_that_saw_held_out_days_is_not_evaluated() -> None:
    card = {"training": {"last_day": "2013-10-01"}}
    with pytest.raises(DaysSeen, match="trained up to 2013-10-01"):
        refuse_seen_days(dt.date(2013, 10, 1), card)
    refuse_seen_days(dt.date(2013, 10, 2), card)


def test_curves_keep_their_ends_and_few_points() -> None:
    roc = curves.roc(ACTUAL, PREDICTED)
    assert roc[0] == (0, 0)
    assert roc[-1] == (1, 1)
    assert len(roc) <= 200
    assert curves.precision_recall(ACTUAL, PREDICTED)[-1] == (0, 1)


def test_the_confusion_table_counts_every_flight_once() -> None:
    table = curves.confusion(ACTUAL, PREDICTED, threshold=0.3)
    assert [row[:2] for row in table] == [
        ("on time", "on time"),
        ("on time", "disrupted"),
        ("disrupted", "on time"),
        ("disrupted", "disrupted"),
    ]
    assert sum(row[2] for row in table) == 2000
    assert table[3][2] == int(((ACTUAL == 1) & (PREDICTED >= 0.3)).sum())


def test_a_plot_is_written_with_rounded_numbers(tmp_path: Path) -> None:
    curves.write(tmp_path / "plots" / "roc.csv", ("x", "y"), [(1 / 3, 2), (0.0, 1)])
    with (tmp_path / "plots" / "roc.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["x", "y"], ["0.333333", "2"], ["0.0", "1"]]
