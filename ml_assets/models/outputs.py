"""The files of a record's outputs, in exactly the version that the record names."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from ml_assets.dvc.project import DvcProject
from ml_assets.ledger.record import OutputRecord, RunDraft, RunRecord
from ml_assets.models.errors import OutputGone, OutputUnknown


class OutputFiles(Protocol):
    """Opens the outputs of one record."""

    def path(self, output_path: str) -> Path:
        """A file or folder with the bytes that the record names; to be read only.

        Raises OutputUnknown and OutputGone.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class RecordedOutputs:
    """Outputs in the workspace while it is the run's, and otherwise copies out of DVC's cache.

    `name` is how people call the run, `look` the command that shows it.
    """

    run: RunDraft
    name: str
    look: str
    root: Path
    scratch: Path

    def path(self, output_path: str) -> Path:
        """See OutputFiles."""
        output = self._output(output_path)
        here = self.root / output.path
        if here.exists() and dvc_md5(here) == output.md5:
            return here
        return self._copied(output)

    def _output(self, path: str) -> OutputRecord:
        for output in self.run.outputs:
            if output.path == path:
                return output
        raise OutputUnknown(path=path, run=self.name, look=self.look)

    def _copied(self, output: OutputRecord) -> Path:
        target = self.scratch / output.path
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        if (text := self.run.small_outputs.get(output.path)) is not None:
            target.write_bytes(text.encode())
        else:
            self._copy(output, output.md5, target)
        return target

    def _copy(self, output: OutputRecord, md5: str, target: Path) -> None:
        stored = self._cache / md5[:2] / md5[2:]
        if not stored.exists():
            raise OutputGone(path=output.path, md5=md5, cache=str(self._cache))
        if not md5.endswith(".dir"):
            # A copy, for a link would let a careless reader write into the cache.
            shutil.copyfile(stored, target)
            return
        for entry in json.loads(stored.read_bytes()):
            file = target / entry["relpath"]
            file.parent.mkdir(parents=True, exist_ok=True)
            self._copy(output, entry["md5"], file)

    @cached_property
    def _cache(self) -> Path:
        return DvcProject(self.root).cache_dir()


@contextmanager
def recorded_outputs(record: RunRecord, *, root: Path) -> Iterator[RecordedOutputs]:
    """The outputs of `record`, a run of the project at `root`; copies live as long as the context."""
    name, look = f"Record {record.number}", f"ml-assets show {record.number}"
    with run_outputs(record, name=name, look=look, root=root) as outputs:
        yield outputs


@contextmanager
def run_outputs(run: RunDraft, *, name: str, look: str, root: Path) -> Iterator[RecordedOutputs]:
    """The outputs of `run`, of the project at `root`; see RecordedOutputs."""
    with tempfile.TemporaryDirectory(prefix="ml_assets-") as scratch:
        yield RecordedOutputs(run=run, name=name, look=look, root=root, scratch=Path(scratch))


def dvc_md5(path: Path) -> str:
    """The hash that DVC gives to a file or, ending in `.dir`, to a folder."""
    if path.is_file():
        return _file_md5(path)
    files = [file for file in path.rglob("*") if file.is_file()]
    entries = [{"md5": _file_md5(file), "relpath": file.relative_to(path).as_posix()} for file in files]
    listing = json.dumps(sorted(entries, key=lambda entry: entry["relpath"]), sort_keys=True)
    return f"{hashlib.md5(listing.encode(), usedforsecurity=False).hexdigest()}.dir"


def _file_md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
