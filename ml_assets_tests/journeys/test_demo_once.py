"""`make demo ARGS=--once` on a fresh clone: four landings, recorded, tracked, and as DVC alone would do."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_assets.demo.feed import FIRST_DAY, Feed
from ml_assets.ledger.chain import verify
from ml_assets_tests.factories import BIN, run
from ml_assets_tests.journeys.by_hand import reproduce
from ml_assets_tests.journeys.conftest import FinishedDemo
from ml_assets_tests.journeys.tracked import MlflowRun, mlflow_runs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

DAYS = 93


def _landed_days(record: dict[str, Any]) -> set[date]:
    return {date.fromisoformat(Path(each["key"]).stem) for each in record["landed"]}


def test_it_exits_0_after_four_landings_each_with_its_intake_and_its_run(demo_once: FinishedDemo) -> None:
    assert demo_once.exit_code == 0, demo_once.printed
    kinds = [record["kind"] for record in demo_once.checkout.log()]
    assert kinds == ["intake", "run"] * 4


def test_history_is_one_batch_and_then_each_day_its_own(demo_once: FinishedDemo) -> None:
    intakes = [record for record in demo_once.checkout.log() if record["kind"] == "intake"]
    days = [FIRST_DAY + timedelta(days=n) for n in range(DAYS)]
    assert [_landed_days(record) for record in intakes] == [set(days[:90]), *({day} for day in days[90:])]
    assert [record["quarantined"] for record in intakes] == [[]] * 4


def test_each_generation_is_committed_exactly_once(demo_once: FinishedDemo) -> None:
    landed = [each for record in demo_once.checkout.log() for each in record.get("landed", ())]
    assert set(Counter((each["key"], each["etag"]) for each in landed).values()) == {1}
    assert {each["key"] for each in landed} == {f"landing/{name}" for name in _files(DAYS)}


def test_the_ledgers_chain_holds_and_names_the_runs(demo_once: FinishedDemo) -> None:
    records = list(demo_once.checkout.ledger.records())
    verify(records)
    jobs = {record.dagster.job for record in records if record.dagster}
    assert jobs == {"landing"}
    assert len({record.dagster.run_id for record in records if record.dagster}) == 4


def test_mlflow_has_exactly_one_finished_run_of_each_run_record(demo_once: FinishedDemo) -> None:
    digests = [record["digest"] for record in demo_once.checkout.log() if record["kind"] == "run"]
    assert mlflow_runs(demo_once.checkout.project) == sorted(
        MlflowRun("FINISHED", digest) for digest in digests
    )


def test_the_summary_tells_landings_records_auc_pushed_objects_and_seconds(demo_once: FinishedDemo) -> None:
    table = demo_once.printed[demo_once.printed.index("Landing") :]
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in table.splitlines() if "│" in line]
    aucs = [
        f"{record['metrics']['evaluation/metrics.json']['auc']:.4f}"
        for record in demo_once.checkout.log()
        if record["kind"] == "run"
    ]
    assert [row[:4] for row in rows] == [
        [str(n), files, f"{2 * n - 1}, {2 * n}", auc]
        for n, files, auc in zip(range(1, 5), ("180", "2", "2", "2"), aucs, strict=True)
    ]
    assert all(int(row[4]) > 0 and float(row[5]) > 0 for row in rows)


def test_the_checkout_stays_clean_and_nothing_is_left_running(demo_once: FinishedDemo) -> None:
    assert run("git", "status", "--porcelain", cwd=demo_once.checkout.root).stdout == ""
    demo_once.checkout.require_quiet(seconds=2)


def test_the_last_lock_is_byte_for_byte_that_of_a_plain_dvc_repro(
    demo_once: FinishedDemo, tmp_path: Path
) -> None:
    last = demo_once.checkout.log()[-1]
    checkout = demo_once.checkout
    by_hand = reproduce(checkout.root, tmp_path / "by-hand", _files(DAYS), landed=checkout.project)
    assert last["dvc_lock"].encode() == by_hand
    assert (demo_once.checkout.project / "dvc.lock").read_bytes() == by_hand


def test_once_more_in_the_same_folder_finds_everything_done(demo_once: FinishedDemo) -> None:
    before = demo_once.checkout.log()
    again = demo_once.checkout.start("--once")
    assert again.wait(300) == 0, again.printed()
    assert demo_once.checkout.log() == before
    assert _dagster_runs(demo_once) == 4


def _dagster_runs(demo: FinishedDemo) -> int:
    code = (
        "from dagster import DagsterInstance, RunsFilter;"
        "print(DagsterInstance.get().get_runs_count(RunsFilter(job_name='landing')))"
    )
    env = demo.checkout.environment() | {"DAGSTER_HOME": str(demo.checkout.root / ".demo" / "dagster")}
    return int(run(BIN / "python", "-c", code, cwd=demo.checkout.root, env=env).stdout)


def _files(days: int) -> dict[str, bytes]:
    feed = Feed()
    return {name: body for day in feed.days(count=days) for name, body in feed.csv_of(day).items()}
