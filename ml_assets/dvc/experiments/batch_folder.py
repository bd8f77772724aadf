"""The folder in which a batch works: the batch itself, the lent files, a clone for each experiment."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from ml_assets.dvc.experiments.values import Batch
from ml_assets.dvc.snapshot import copy_lent


def fill(folder: Path, batch: Batch) -> None:
    """Put into `folder` what the process that runs the batch needs."""
    copy_lent(batch.snapshot, lent_folder(folder))
    _batch_file(folder).write_bytes(_adapter().dump_json(batch))


def read_batch(folder: Path) -> Batch:
    return _adapter().validate_json(_batch_file(folder).read_bytes())


def lent_folder(folder: Path) -> Path:
    return folder / "lent"


def clone_folder(folder: Path, name: str) -> Path:
    """Where the clone of the experiment `name` is while it runs."""
    return folder / "clones" / name


def _batch_file(folder: Path) -> Path:
    return folder / "batch.json"


@cache
def _adapter() -> TypeAdapter[Batch]:
    # Made when it is needed: a code location loads this module and runs nothing.
    return TypeAdapter(Batch)
