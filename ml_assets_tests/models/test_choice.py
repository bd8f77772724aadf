"""Which record is tracked: the Dagster run's own, or else the newest complete one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ml_assets.ledger.record import DagsterRun, RunDraft
from ml_assets.ledger.store import Ledger
from ml_assets.models.choice import Chosen, choose_record
from ml_assets.models.errors import NoRunRecord
from ml_assets_tests.ledger.drafts import TIME, a_run, intake


def a_run_of(dagster: str, *stale: str) -> RunDraft:
    return a_run(dagster=DagsterRun(run_id=dagster, job="landing"), stale=stale)


def filled(root: Path, *drafts: object) -> Ledger:
    ledger = Ledger.open("ledger", root=root)
    for draft in drafts:
        ledger.append(lambda _, draft=draft: draft)  # type: ignore[misc]
    return ledger


def choose(ledger: Ledger, *dagster_runs: str) -> Chosen:
    return choose_record(ledger, dagster_runs=dagster_runs, since=TIME - timedelta(hours=1))


def test_the_dagster_runs_own_record_is_chosen_even_when_others_followed(tmp_path: Path) -> None:
    chosen = choose(filled(tmp_path, intake(), a_run_of("mine"), intake(), a_run_of("other")), "mine")

    assert (chosen.record.number, chosen.own, chosen.partial) == (2, True, False)


def test_a_partial_run_of_its_own_is_chosen_and_says_so(tmp_path: Path) -> None:
    chosen = choose(filled(tmp_path, a_run_of("earlier"), a_run_of("mine", "evaluation")), "mine")

    assert (chosen.record.number, chosen.own, chosen.partial) == (2, True, True)


def test_without_its_own_the_newest_complete_record_is_chosen(tmp_path: Path) -> None:
    ledger = filled(tmp_path, a_run_of("a"), a_run_of("b"), a_run_of("c", "evaluation"), intake())

    chosen = choose(ledger, "mine")

    assert (chosen.record.number, chosen.own) == (2, False)


def test_a_retry_finds_the_record_of_the_run_that_it_goes_on_from(tmp_path: Path) -> None:
    chosen = choose(filled(tmp_path, a_run_of("parent"), a_run_of("other")), "retry", "parent")

    assert (chosen.record.number, chosen.own) == (1, True)


def test_records_from_before_the_dagster_run_are_not_searched_for_it(tmp_path: Path) -> None:
    ledger = filled(tmp_path, a_run_of("mine"), a_run_of("other"))

    chosen = choose_record(ledger, dagster_runs=["mine"], since=TIME + timedelta(hours=1))

    assert (chosen.record.number, chosen.own) == (2, False)


def test_the_intakes_since_the_run_before_belong_to_it(tmp_path: Path) -> None:
    ledger = filled(tmp_path, intake(), a_run_of("a"), intake(), intake(), a_run_of("b"), intake())

    assert [record.number for record in choose(ledger, "b").intakes] == [3, 4]
    assert [record.number for record in choose(ledger, "a").intakes] == [1]


@pytest.mark.parametrize("drafts", [(), (intake(),), (a_run_of("other", "evaluation"),)])
def test_without_a_complete_record_it_says_to_run_the_stages_first(
    tmp_path: Path, drafts: tuple[object, ...]
) -> None:
    with pytest.raises(NoRunRecord, match="Materialize the stages first"):
        choose(filled(tmp_path, *drafts), "mine")
