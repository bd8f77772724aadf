"""Fills an MLflow run; every step writes the same however often it is repeated."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ml_assets.ledger.record import RunDraft
from ml_assets.models.inputs import DataInput
from ml_assets.models.model import log_model
from ml_assets.models.outputs import OutputFiles
from ml_assets.models.projection import Projection
from ml_assets.models.recorder import Recorder, Recording
from ml_assets.models.run import ending
from ml_assets.models.store import TrackingStore

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

# What MLflow takes in one request.
PARAMS_AT_ONCE = 100
METRICS_AT_ONCE = 1000

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Attachments:
    """Files beside what the record says: `plots` are paths of outputs, `pictures` are files of any place."""

    plots: Sequence[str] = ()
    pictures: Sequence[Path] = ()


@dataclass(frozen=True, kw_only=True)
class RunWriter:
    """Writes one run of stages to one MLflow run; `documents` say where it comes from, by artifact path."""

    store: TrackingStore
    run_id: str
    run: RunDraft
    documents: Mapping[str, bytes]
    projection: Projection
    outputs: OutputFiles
    attachments: Attachments

    def write(self, recording: Recording) -> None:
        """All of it; the run ends as FINISHED and complete, or as FAILED when this raises."""
        with ending(self.store, self.run_id, self.projection), recording(self.store, self.run_id) as recorder:
            self._values(recorder)
            self._datasets()
            self._documents(recorder)
            self._files(recorder)
            self._model(recorder)

    def _values(self, recorder: Recorder) -> None:
        recorder.set_tags(self.projection.tags)
        for params in _chunks(self.projection.params, PARAMS_AT_ONCE):
            recorder.log_params(params)
        for metrics in _chunks(self.projection.metrics, METRICS_AT_ONCE):
            recorder.log_metrics(metrics, timestamp=self.projection.milliseconds)

    def _datasets(self) -> None:
        self.store.client.log_inputs(self.run_id, [_dataset(data) for data in self.projection.inputs])

    def _documents(self, recorder: Recorder) -> None:
        with tempfile.TemporaryDirectory(prefix="ml_assets-") as folder:
            for path, content in self.documents.items():
                within, _, name = path.rpartition("/")
                file = Path(folder, name)
                file.write_bytes(content)
                recorder.log_artifact(str(file), within)

    def _files(self, recorder: Recorder) -> None:
        for path in self.run.metrics:
            recorder.log_artifact(str(self.outputs.path(path)), "metrics")
        for path in self.attachments.plots:
            recorder.log_artifact(str(self.outputs.path(path)), "plots")
        for picture in self.attachments.pictures:
            recorder.log_artifact(str(picture), "pictures")

    def _model(self, recorder: Recorder) -> None:
        if self.projection.model is None:
            return
        file = self.outputs.path(self.projection.model)
        # Not "model", which is the logged model's name: MLflow shows both in one listing.
        recorder.log_artifact(str(file), "model_file")
        log_model(self.store, run_id=self.run_id, file=file, projection=self.projection)


def _dataset(data: DataInput) -> DatasetInput:
    """MLflow's entity of the data, with DVC's hash: MLflow's own looks at the first 10,000 rows only."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=data.path,
        digest=data.md5,
        source_type="dvc",
        source=json.dumps({"path": data.path, "md5": data.md5}),
        profile=json.dumps({"size": data.size}),
    )
    context = InputTag("mlflow.data.context", "training" if data.direct else "source")
    return DatasetInput(dataset, [context])


def _chunks(items: Mapping[str, Item], size: int) -> Iterator[dict[str, Item]]:
    left = iter(items.items())
    while chunk := dict(islice(left, size)):
        yield chunk
