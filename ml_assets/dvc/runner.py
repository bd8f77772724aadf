"""Runs stages through DVC's own `reproduce` and tells, event by event, what happens."""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_assets.dvc.command import Cancellation, run_command
from ml_assets.dvc.errors import DependencyChanged, DvcBridgeError, RunCancelled, StageFailed
from ml_assets.dvc.project import DvcProject

if TYPE_CHECKING:
    from ml_assets.dvc._internals import Repo

TAIL_LINES = 20


class Outcome(Enum):
    """How a stage's outputs came to be what dvc.lock now says."""

    RAN = "ran"
    RESTORED = "restored"
    UNCHANGED = "unchanged"


class Redo(Enum):
    """Whether stages that did not change are run all the same (`dvc repro -f`)."""

    CHANGED = "changed"
    ALL = "all"


@dataclass(frozen=True)
class StageStarted:
    """DVC has taken up a stage."""

    stage: str


@dataclass(frozen=True)
class StageLine:
    """One line that a stage's command printed."""

    stage: str
    text: str


@dataclass(frozen=True)
class StageFinished:
    """A stage is done and dvc.lock holds its result; `seconds` is wall time."""

    stage: str
    outcome: Outcome
    seconds: float


Event = StageStarted | StageLine | StageFinished


def run_stages(
    project: DvcProject, stages: Sequence[str], *, redo: Redo = Redo.CHANGED
) -> Generator[Event, None, None]:
    """Run `stages` in the pipeline's order and yield what happens as it happens.

    DVC works in a thread of its own, so that closing this iterator, or an exception raised in the
    consumer (Dagster's Terminate, Ctrl-C), stops the running command at once.

    Raises:
        UnknownStage: a name that no dvc.yaml has.
        StageFailed: a command or DVC failed; the stages after it did not run.
        DependencyChanged: an input changed while a stage ran; its result is not recorded.
    """
    ordered = [stage.name for stage in project.manifest().stages if stage.name in _checked(project, stages)]
    worker = _Worker(project.root, ordered, redo)
    worker.start()
    try:
        while (event := worker.events.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event
    finally:
        worker.stop()


def _checked(project: DvcProject, stages: Sequence[str]) -> set[str]:
    manifest = project.manifest()
    return {manifest.stage(name).name for name in stages}


class _Worker(threading.Thread):
    """Drives DVC through the stages, one after the other, and posts events."""

    def __init__(self, root: Path, stages: Sequence[str], redo: Redo) -> None:
        super().__init__(name="dvc", daemon=True)
        self.events: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
        self._root, self._stages, self._redo = root, stages, redo
        self._cancellation = Cancellation()

    def stop(self) -> None:
        """Stop the running command, if any, and wait until DVC has put down its locks."""
        if self.is_alive():
            self._cancellation.cancel()
        self.join()

    def run(self) -> None:
        try:
            self._run_all()
        except BaseException as error:  # noqa: BLE001 - raised again in the consumer's thread
            self.events.put(error)
        else:
            self.events.put(None)

    def _run_all(self) -> None:
        from ml_assets.dvc._internals import open_repo

        with open_repo(self._root, stopped=lambda: self._cancellation.requested) as repo:
            for name in self._stages:
                if self._cancellation.requested:
                    raise RunCancelled(name)
                self.events.put(StageStarted(name))
                self.events.put(self._reproduce(repo, name))

    def _reproduce(self, repo: Repo, name: str) -> StageFinished:
        from ml_assets.dvc._internals import DvcException, command_runner

        commands = _Commands(name, self.events, self._cancellation)
        started = time.monotonic()
        try:
            with command_runner(commands):
                changed = repo.reproduce(name, single_item=True, force=self._redo is Redo.ALL)
        except DvcException as error:
            raise _cause(error, name, commands.tail) from error
        seconds = time.monotonic() - started
        if not changed:
            return StageFinished(name, Outcome.UNCHANGED, seconds)
        return StageFinished(name, Outcome.RAN if commands.started else Outcome.RESTORED, seconds)


class _Commands:
    """What DVC calls instead of its own `cmd_run`: streams, guards dependencies, can be stopped."""

    def __init__(
        self, stage: str, events: queue.SimpleQueue[Event | BaseException | None], cancellation: Cancellation
    ) -> None:
        self.started = False
        self._stage, self._events, self._cancellation = stage, events, cancellation
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)

    @property
    def tail(self) -> tuple[str, ...]:
        return tuple(self._tail)

    def __call__(self, stage: Any, commands: Sequence[list[str]], options: Mapping[str, Any]) -> None:
        from ml_assets.dvc._internals import dependency_hashes

        self.started = True
        before = dependency_hashes(stage)
        for command in commands:
            self._run_one(command, {**options, "env": stage_environment(options["env"])})
        after = dependency_hashes(stage)
        # DVC itself would record the new hash beside a result of the old data (DVC issue 11058).
        moved = tuple(path for path in sorted(before | after) if before.get(path) != after.get(path))
        if moved:
            raise DependencyChanged(self._stage, moved)

    def _run_one(self, command: list[str], options: Mapping[str, Any]) -> None:
        code = run_command(
            command, on_line=self._line, cancellation=self._cancellation, popen_options=options
        )
        if self._cancellation.requested:
            raise RunCancelled(self._stage)
        if code:
            reason = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise StageFailed(self._stage, f"`{command[-1]}` ended with {reason}", self.tail)

    def _line(self, text: str) -> None:
        self._tail.append(text)
        self._events.put(StageLine(self._stage, text))


def stage_environment(base: Mapping[str, str]) -> dict[str, str]:
    """The environment of a stage's command: `python` is this interpreter, output comes unbuffered."""
    path = os.pathsep.join([str(Path(sys.executable).parent), base.get("PATH", os.defpath)])
    # OpenMP's busy waiting made a fit on shared cores 8 times slower; it is read when scikit-learn loads.
    return {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1", **base, "PATH": path}


def _cause(error: BaseException, stage: str, tail: tuple[str, ...]) -> DvcBridgeError:
    """Our own error inside DVC's wrapping of it, or DVC's words as ours."""
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, DvcBridgeError):
            return chain
        innermost, chain = chain, chain.__cause__ or chain.__context__
    return StageFailed(stage, str(innermost), tail)
