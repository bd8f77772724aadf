"""A process that is killed while it tracks a record. Usage: killed.py ROOT {opened|artifact|ended}"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml_assets.ledger.record import RunRecord
from ml_assets.ledger.store import Ledger
from ml_assets.models.recorder import Recorder, active_run
from ml_assets.models.store import TrackingStore
from ml_assets.models.tracking import track
from ml_assets_tests.models.project import SETTINGS


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingAtTheModel:
    def __init__(self, real: Recorder) -> None:
        self._real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def log_artifact(self, local_path: str, artifact_path: str | None, /) -> None:
        if artifact_path == "model_file":
            die()
        self._real.log_artifact(local_path, artifact_path)


@contextmanager
def dying(store: TrackingStore, run_id: str) -> Iterator[object]:
    if moment == "opened":
        die()
    with active_run(store, run_id) as real:
        yield DyingAtTheModel(real) if moment == "artifact" else real
    if moment == "ended":
        die()


if __name__ == "__main__":
    root, moment = Path(sys.argv[1]), sys.argv[2]
    record = Ledger.open(".ml_assets/ledger", root=root).head()
    assert isinstance(record, RunRecord)
    track(record, root=root, settings=SETTINGS, recording=dying)  # type: ignore[arg-type]
