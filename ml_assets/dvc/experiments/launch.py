"""Runs a batch of experiments beside the workspace, and tells, event by event, what happens."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

from ml_assets.dvc.experiments.batch_folder import fill
from ml_assets.dvc.experiments.errors import ExperimentsFailed
from ml_assets.dvc.experiments.events import (
    ExperimentBroke,
    ExperimentEvent,
    ExperimentSaved,
    decode,
)
from ml_assets.dvc.experiments.values import Batch
from ml_assets.dvc.git import FOREIGN
from ml_assets.dvc.process_group import end_group, start_watched
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.scratch import scratch_folder

# Stages get SIGTERM, and SIGKILL half a second later; then their clones are removed.
GRACE_SECONDS = 1.0
TAIL_LINES = 20


def run_experiments(project: DvcProject, batch: Batch) -> Generator[ExperimentEvent, None, None]:
    """Run the experiments of `batch`, at most `batch.jobs` at once, and yield what happens as it happens.

    Each works in a clone of its own below the project's private folder. Closing this iterator, or an
    exception raised in the consumer (Dagster's Terminate, Ctrl-C), stops all commands and removes the clones;
    so does the death of this process, except that the next batch removes the clones then.

    Raises:
        ExperimentsFailed: after the last one has ended, when some failed.
    """
    reasons: dict[str, str] = {}
    with scratch_folder(project.private_dir / "experiments") as folder:
        fill(folder, batch)
        for event in _events(batch, folder):
            if isinstance(event, ExperimentBroke):
                reasons[event.name] = event.reason
            yield event
    if reasons:
        raise ExperimentsFailed(reasons, len(batch.experiments))


def _events(batch: Batch, folder: Path) -> Generator[ExperimentEvent, None, None]:
    """The events, and one of failure for each experiment of which the process did not live to tell."""
    command = (sys.executable, "-P", "-m", "ml_assets.dvc.experiments.process", str(folder))
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    process = start_watched(command, cwd=folder, env=environment, stdout=subprocess.PIPE)
    ended: set[str] = set()
    last_words: list[str] = []
    try:
        for line in _lines(process):
            event = decode(line)
            if event is None:
                last_words.append(line)
                continue
            if isinstance(event, ExperimentSaved | ExperimentBroke):
                ended.add(event.name)
            yield event
    finally:
        _stop(process)
    yield from _unfinished(batch, ended, process.wait(), last_words)


def _lines(process: subprocess.Popen[bytes]) -> Generator[str, None, None]:
    """Lines as they come; read in a thread, since the wait for a queue can be interrupted by a signal."""
    told: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for as a pipe
        with process.stdout as stream:
            for line in stream:
                told.put(line.decode("utf-8", "replace").rstrip("\n"))
        told.put(None)

    threading.Thread(target=read, daemon=True).start()
    yield from iter(told.get, None)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process group; stages that still run are asked first."""
    try:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(GRACE_SECONDS)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass  # it has ended meanwhile, or will not by itself
    finally:
        end_group(process)


def _unfinished(
    batch: Batch, ended: set[str], code: int, last_words: list[str]
) -> Generator[ExperimentEvent, None, None]:
    told = "".join(f"\n  | {line}" for line in last_words[-TAIL_LINES:])
    reason = f"the process that ran it ended with code {code}; run it again{told}"
    for experiment in batch.experiments:
        if experiment.name not in ended:
            yield ExperimentBroke(experiment.name, reason)
