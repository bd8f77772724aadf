"""An MLflow run leads back to the record that it was made from, by the library and by the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml_assets.ledger.record import RunRecord
from ml_assets.models.find import record_of_run
from ml_assets.models.tracking import track
from ml_assets_tests.factories import BIN, run, write
from ml_assets_tests.models.project import SETTINGS


def test_a_run_names_the_digest_of_its_record(record: RunRecord, root: Path) -> None:
    tracked = track(record, root=root, settings=SETTINGS)

    assert record_of_run(tracked.run_id, settings=SETTINGS, root=root) == record.digest


def test_a_run_that_is_not_there_names_none(root: Path) -> None:
    assert record_of_run("0" * 32, settings=SETTINGS, root=root) is None


@pytest.mark.slow
def test_a_record_is_restored_by_the_id_of_its_mlflow_run(
    record: RunRecord, root: Path, tmp_path: Path
) -> None:
    run_id = track(record, root=root, settings=SETTINGS).run_id
    write(root, {"ml_assets.toml": f'[mlflow]\nexperiment = "{SETTINGS.experiment}"\n'})
    run("dvc", "push", "-q", cwd=root)
    into = tmp_path / "restored"

    said = run(BIN / "ml-assets", "reproduce", run_id, "--restore-only", "--into", into, cwd=root).stdout

    assert f"is as record {record.number} left it" in said
    assert json.loads((into / "judged/metrics.json").read_text()) == json.loads(
        (root / "judged/metrics.json").read_text()
    )
