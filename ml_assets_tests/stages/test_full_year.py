"""The year 2013: how good the candidates are on October to December, and how a random split would flatter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ml_assets.stages import candidates, model, params, table, threads
from ml_assets.stages.scores import scores
from ml_assets.stages.split import hold_out
from ml_assets.stages.table import Table
from ml_assets_tests.stages.example import clone, land, run_stage

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Judged:
    """Training and held-out part, and the AUC on the latter."""

    auc: float
    pr_auc: float


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The features of the whole year, in a project that is the working directory."""
    project = clone(tmp_path_factory.mktemp("year") / "project")
    land(project / "data" / "raw", count=365)
    for stage in ("processed", "features"):
        run_stage(project, stage)
    with chdir(project):
        yield project


def judge(name: str, known: Table, unseen: Table) -> Judged:
    given = params.read(model.PARAMS)
    with threads.one_thread():
        fitted = candidates.candidates(list(known.inputs.columns), given)[name].fit(
            known.inputs, known.disrupted
        )
        predicted = fitted.predict_proba(unseen.inputs)[:, 1]
    found = scores(unseen.disrupted, predicted, bins=10)
    return Judged(auc=found["auc"], pr_auc=found["pr_auc"])


def by_time() -> tuple[Table, Table]:
    split = hold_out(table.feature_days(), params.read(["split.test_fraction"])["split.test_fraction"])
    assert (str(split.held_out[0]), str(split.held_out[-1])) == ("2013-10-01", "2013-12-31")
    return table.read(split.training), table.read(split.held_out)


def at_random() -> tuple[Table, Table]:
    whole = table.read(table.feature_days())
    unseen = np.random.default_rng(0).random(len(whole.disrupted)) < 0.25
    parts = (Table(whole.inputs[rows], whole.disrupted[rows]) for rows in (~unseen, unseen))
    known, held_out = parts
    return known, held_out


@pytest.mark.parametrize(("name", "auc", "pr_auc"), [("logreg", 0.70, 0.46), ("gb", 0.71, 0.46)])
def test_january_to_september_predict_the_rest_of_the_year(
    year: Path, name: str, auc: float, pr_auc: float
) -> None:
    judged = judge(name, *by_time())
    assert judged.auc >= auc
    assert judged.pr_auc >= pr_auc


def test_a_random_split_would_flatter(year: Path) -> None:
    assert judge("gb", *at_random()).auc >= judge("gb", *by_time()).auc + 0.05
