"""A run killed at each step of its end: a record is there only when all that it names is on the remote."""

# No `from __future__ import annotations`: Dagster looks at the annotations of the asset function.
import multiprocessing
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import AssetExecutionContext, DagsterInstance, MaterializeResult, materialize

from ml_assets.assets import DvcProject, DvcResource, DvcRunConfig, dvc_assets
from ml_assets.ledger.audit.verify import verify
from ml_assets.ledger.record import RunRecord
from ml_assets.ledger.store import Ledger
from ml_assets_tests.landing.killed import Death, die_at
from ml_assets_tests.production.by_hand import copied

CONCLUSION = "ml_assets.assets.conclusion"
BEFORE = [
    Death("before", f"{CONCLUSION}.push"),
    Death("after", f"{CONCLUSION}.push"),
    Death("after", f"{CONCLUSION}.push_run_cache"),
    Death("before", "ml_assets.ledger.store.Ledger._put"),
]
AFTER = [
    Death("after", "ml_assets.ledger.store.Ledger._put"),
    Death("after", "ml_assets.ledger.store.Ledger.append"),
]


def run_all(root: Path) -> bool:
    @dvc_assets(project=DvcProject(root))
    def pipeline(
        context: AssetExecutionContext, dvc: DvcResource, config: DvcRunConfig
    ) -> Iterator[MaterializeResult[None]]:
        yield from dvc.run(context=context, redo=config.redo)

    with DagsterInstance.ephemeral() as instance:
        resources = {"dvc": DvcResource(project_dir=str(root), warm=False)}
        return materialize([pipeline], resources=resources, instance=instance).success


def run_and_die(root: Path, death: Death) -> None:
    import ml_assets.assets.conclusion  # noqa: F401 - before its names are replaced

    die_at(death)
    run_all(root)


def records(root: Path) -> list[RunRecord]:
    found = Ledger.open(".ml_assets/ledger", root=root).records()
    return [record for record in found if isinstance(record, RunRecord)]


QUICK = {str(BEFORE[2]), str(AFTER[0])}


def _marked(death: Death) -> object:
    return death if str(death) in QUICK else pytest.param(death, marks=pytest.mark.slow)


@pytest.mark.parametrize("death", [_marked(each) for each in (*BEFORE, *AFTER)], ids=str)
def test_what_is_recorded_is_there_and_the_next_run_ends_it(
    three_days: Path, tmp_path: Path, death: Death
) -> None:
    root = copied(three_days, tmp_path)
    (root / "params.yaml").write_text("factor: 8\n")

    process = multiprocessing.get_context("spawn").Process(target=run_and_die, args=(root, death))
    process.start()
    process.join(90)
    assert process.exitcode == -signal.SIGKILL

    ledger = Ledger.open(".ml_assets/ledger", root=root)
    assert len(records(root)) == (4 if death in AFTER else 3)
    assert verify(ledger, root=root, remote=None, deep=True).intact
    assert run_all(root)
    assert len(records(root)) == 4
    assert records(root)[-1].parent in {None, 3}
    assert records(root)[-1].params == {"params.yaml": {"factor": 8}}
    assert verify(ledger, root=root, remote=None, deep=True).intact
