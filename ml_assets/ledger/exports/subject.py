"""What every format needs of a record: its stages with inputs and outputs, and where its data is from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ml_assets.dvc.lockfile import LockedStage
from ml_assets.ledger.canonical import Plain
from ml_assets.ledger.index.entries import entries_of
from ml_assets.ledger.record import OutputRecord, RunRecord

MODEL_ENDINGS = frozenset({".joblib", ".pkl", ".pickle", ".skops", ".onnx", ".pt", ".pth", ".h5", ".keras"})
PRODUCER = "https://pypi.org/project/ml-assets/"


@dataclass(frozen=True)
class Subject:
    """A record and the project that it is of; `repository` is Git's address of it, without a password."""

    record: RunRecord
    project: str
    repository: str | None = None
    packages: tuple[str, ...] = ()
    """`name==version` of what was installed, where the ledger has kept that."""

    def stages(self) -> Mapping[str, LockedStage]:
        """Stage → what DVC recorded of its run. Raises LockFileUnreadable."""
        return {entry.stage: entry.locked for entry in entries_of(self.record)}

    def ran(self) -> list[str]:
        """The stages that this record's run has made something with, in the pipeline's order."""
        stages, record = self.stages(), self.record
        order = dict.fromkeys([*(out.stage for out in record.outputs), *record.stages])
        return [
            name for name in order if name in stages and record.stages.get(name, "unchanged") != "unchanged"
        ]

    def models(self) -> list[OutputRecord]:
        """The outputs with a model's ending; where there is none, the cached ones that no stage reads."""
        named = [out for out in self.record.outputs if PurePosixPath(out.path).suffix in MODEL_ENDINGS]
        if named:
            return named
        read = {dep.path for locked in self.stages().values() for dep in locked.deps}
        small = {*self.record.small_outputs, *self.record.metrics}
        return [out for out in self.record.outputs if out.path not in read | small]

    def sources(self) -> dict[str, str]:
        """Path → DVC's hash of what stages read and no stage makes, code files too."""
        stages = self.stages()
        made = {out.path for out in self.record.outputs}
        return {
            dep.path: dep.md5 for locked in stages.values() for dep in locked.deps if dep.path not in made
        }

    def commit(self) -> str | None:
        return self.record.git.commit if self.record.git else None


def flat(values: Mapping[str, Plain], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted names and values as text."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)
