"""A collection of garbage that comes between a run's push and its record."""

# No `from __future__ import annotations`: Dagster looks at the annotations of the asset function.
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetExecutionContext, DagsterInstance, MaterializeResult, materialize

from ml_assets.assets import DvcProject, DvcResource, DvcRunConfig, dvc_assets
from ml_assets.dvc.run_cache import push_run_cache
from ml_assets.ledger.audit.collect import opened
from ml_assets.ledger.audit.plan import Keep
from ml_assets.ledger.audit.verify import verify
from ml_assets.ledger.store import Ledger
from ml_assets_tests.production.by_hand import copied


def collect(root: Path, ledger: Ledger) -> None:
    """Grace 0 takes what was pushed a moment ago and what no record names yet."""
    keep = [Keep.parse("last=1")]
    with opened(ledger, root=root, remote=None, keep=keep, grace_seconds=0) as collection:
        # The collection is on another machine, whose workspace does not name it either.
        collection.store.used_by_git = set  # type: ignore[method-assign]
        collection.collect()


def test_it_costs_another_push_and_no_object(
    three_days: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copied(three_days, tmp_path)
    ledger = Ledger.open(".ml_assets/ledger", root=root)
    calls: list[int] = []

    def push_and_collect(*arguments: Any, **named: Any) -> int:
        calls.append(push_run_cache(*arguments, **named))
        if len(calls) == 1:
            collect(root, ledger)
        return calls[-1]

    monkeypatch.setattr("ml_assets.assets.conclusion.push_run_cache", push_and_collect)
    (root / "params.yaml").write_text("factor: 8\n")

    @dvc_assets(project=DvcProject(root))
    def pipeline(
        context: AssetExecutionContext, dvc: DvcResource, config: DvcRunConfig
    ) -> Iterator[MaterializeResult[None]]:
        yield from dvc.run(context=context, redo=config.redo)

    with DagsterInstance.ephemeral() as instance:
        dvc = DvcResource(project_dir=str(root))
        assert materialize([pipeline], resources={"dvc": dvc}, instance=instance).success

    assert len(calls) == 2
    assert [record.kind for record in ledger.records()][-2:] == ["gc", "run"]
    assert verify(ledger, root=root, remote=None, deep=True).intact
