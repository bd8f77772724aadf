"""The process that runs a batch: forks one process an experiment, and passes on what they tell.

`python -m ml_assets.dvc.experiments.process FOLDER`: FOLDER holds the batch, and clones are made in it. DVC
is imported once, by this process, which has a single thread and so may fork. Events go to standard output.
"""

from __future__ import annotations

import os
import selectors
import signal
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from ml_assets.dvc.errors import DvcBridgeError
from ml_assets.dvc.experiments.batch_folder import clone_folder, lent_folder, read_batch
from ml_assets.dvc.experiments.events import (
    RECORD_SEPARATOR,
    ExperimentBroke,
    ExperimentEvent,
    ExperimentSaid,
    encode,
)
from ml_assets.dvc.experiments.run import ExperimentRun
from ml_assets.dvc.experiments.values import Batch, PlannedExperiment

CHUNK = 1 << 16


@dataclass
class Child:
    """A forked process that runs one experiment; `stream` is the end of the pipe on which it tells."""

    experiment: PlannedExperiment
    pid: int
    stream: int
    rest: bytes = b""


@dataclass
class BatchProcess:
    """Runs the experiments of a batch, so many at once as it says, until all have ended."""

    batch: Batch
    folder: Path
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    waiting: deque[PlannedExperiment] = field(default_factory=deque)
    stopping: bool = False

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._stop)
        self.waiting.extend(self.batch.experiments)
        while self._start_some() or self.selector.get_map():
            for key, _ in self.selector.select():
                self._listen(key.data)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        # The children have the signal too, since it goes to the group; their ends are waited for.
        self.stopping = True

    def _start_some(self) -> bool:
        started = False
        while self.waiting and not self.stopping and len(self.selector.get_map()) < self.batch.jobs:
            child = self._fork(self.waiting.popleft())
            self.selector.register(child.stream, selectors.EVENT_READ, child)
            started = True
        return started

    def _fork(self, experiment: PlannedExperiment) -> Child:
        ours, theirs = os.pipe()
        if (pid := os.fork()) == 0:
            os.close(ours)
            _become(theirs)
            code = _run(self.batch, experiment, self.folder)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        os.close(theirs)
        return Child(experiment, pid, ours)

    def _listen(self, child: Child) -> None:
        if chunk := os.read(child.stream, CHUNK):
            *lines, child.rest = (child.rest + chunk).split(b"\n")
            for line in lines:
                self._pass_on(child, line)
            return
        if child.rest:
            self._pass_on(child, child.rest)
        self.selector.unregister(child.stream)
        os.close(child.stream)
        code = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
        if code:
            _tell(ExperimentBroke(child.experiment.name, _how_it_ended(code)))

    def _pass_on(self, child: Child, line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        if text.startswith(RECORD_SEPARATOR):
            _write(f"{text}\n")
        else:
            _tell(ExperimentSaid(child.experiment.name, text))


def _become(stream: int) -> None:
    """In the child: all that is printed goes to the parent's pipe; SIGTERM stops the stages first."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for number in (1, 2):
        os.dup2(stream, number)
    os.close(stream)


def _run(batch: Batch, experiment: PlannedExperiment, folder: Path) -> int:
    """In the child: the experiment. 0 says that its end was told."""
    from ml_assets.dvc._internals.repo import DvcException

    run = ExperimentRun(
        batch=batch,
        experiment=experiment,
        folder=clone_folder(folder, experiment.name),
        lent=lent_folder(folder),
        tell=_tell,
    )
    try:
        run.run()
    except (DvcBridgeError, DvcException) as error:
        _tell(ExperimentBroke(experiment.name, str(error)))
    except SystemExit:
        return 1
    except BaseException:  # noqa: BLE001 - a fork must not go on with its parent's work, whatever happened
        import traceback

        _tell(ExperimentBroke(experiment.name, traceback.format_exc()))
    return 0


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}; run it again"
    return "it was stopped; run it again"


def _tell(event: ExperimentEvent) -> None:
    _write(encode(event))


def _write(text: str) -> None:
    # Straight to the file: a buffer filled before a fork would be written by both.
    data = text.encode("utf-8", "replace")
    while data:
        data = data[os.write(1, data) :]


def _preload() -> None:
    """Import, before the first fork, what all experiments need: half a second for each of them otherwise."""
    from ml_assets.dvc._internals import experiments

    experiments.preload()


def main() -> int:
    folder = Path(sys.argv[1])
    _preload()
    BatchProcess(read_batch(folder), folder).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
