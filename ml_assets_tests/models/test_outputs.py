"""Outputs of a record: from the workspace only while it is the record's, else from DVC's cache."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ml_assets.ledger.record import OutputRecord, RunRecord
from ml_assets.models.errors import OutputGone, OutputUnknown
from ml_assets.models.outputs import dvc_md5, recorded_outputs


def test_the_hash_is_that_of_dvc_for_files_and_folders(record: RunRecord, root: Path) -> None:
    hashes = {out.path: dvc_md5(root / out.path) for out in record.outputs}

    assert hashes == {out.path: out.md5 for out in record.outputs}
    assert any(md5.endswith(".dir") for md5 in hashes.values())


def test_an_output_of_the_workspace_is_not_copied(record: RunRecord, root: Path) -> None:
    with recorded_outputs(record, root=root) as outputs:
        assert outputs.path("models/model.joblib") == root / "models" / "model.joblib"


@pytest.mark.parametrize("path", ["models/model.joblib", "data/clean"])
def test_an_output_that_is_gone_comes_out_of_the_cache(record: RunRecord, root: Path, path: str) -> None:
    shutil.rmtree(root / Path(path).parts[0])

    with recorded_outputs(record, root=root) as outputs:
        found = outputs.path(path)
        assert found.name == Path(path).name
        assert dvc_md5(found) == next(out.md5 for out in record.outputs if out.path == path)
        assert outputs.path(path) == found

    assert not found.exists()


def test_one_changed_file_makes_a_folder_another_version(record: RunRecord, root: Path) -> None:
    rows = root / "data" / "clean" / "rows.csv"
    recorded = rows.read_text()
    rows.unlink()
    rows.write_text("changed")

    with recorded_outputs(record, root=root) as outputs:
        assert (outputs.path("data/clean") / "rows.csv").read_text() == recorded


def test_a_cache_elsewhere_is_found_as_dvc_finds_it(record: RunRecord, root: Path, tmp_path: Path) -> None:
    shutil.move(root / ".dvc" / "cache", tmp_path / "shared")
    (root / ".dvc" / "config.local").write_text(f"[cache]\n    dir = {tmp_path / 'shared'}\n")
    shutil.rmtree(root / "models")

    with recorded_outputs(record, root=root) as outputs:
        assert outputs.path("models/card.json").read_text() == '{"features": ["x"]}'


def test_an_output_kept_in_the_record_itself_needs_no_cache(record: RunRecord, root: Path) -> None:
    small = OutputRecord(path="note.txt", stage="judged", md5="0" * 32, size=2)
    kept = record.model_copy(
        update={"outputs": (*record.outputs, small), "small_outputs": {"note.txt": "hi"}}
    )

    with recorded_outputs(kept, root=root) as outputs:
        assert outputs.path("note.txt").read_text() == "hi"


def test_bytes_that_are_nowhere_are_said_with_what_was_looked_for(record: RunRecord, root: Path) -> None:
    model = next(out for out in record.outputs if out.path == "models/model.joblib")
    (root / model.path).unlink()
    (root / ".dvc" / "cache" / "files" / "md5" / model.md5[:2] / model.md5[2:]).unlink()

    with (
        recorded_outputs(record, root=root) as outputs,
        pytest.raises(OutputGone, match=f"{model.md5}(?s:.*)dvc fetch"),
    ):
        outputs.path(model.path)


def test_a_path_that_is_no_output_is_said(record: RunRecord, root: Path) -> None:
    with (
        recorded_outputs(record, root=root) as outputs,
        pytest.raises(OutputUnknown, match="ml-assets show 1"),
    ):
        outputs.path("models/nothing")
