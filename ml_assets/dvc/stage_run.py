"""One stage through DVC's own `reproduce`: its output streamed, its inputs guarded, stopped on request."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_assets.dvc.command import Cancellation, run_command
from ml_assets.dvc.errors import DependencyChanged, DvcBridgeError, RunCancelled, StageFailed
from ml_assets.dvc.events import Event, Outcome, Redo, StageFinished, StageLine
from ml_assets.dvc.warm import WarmStarts

TAIL_LINES = 20
BUSY_SECONDS = 600.0
BUSY_POLL_SECONDS = 0.2


@dataclass
class StageRun:
    """The run of one stage; `tell` gets its lines, from another thread too."""

    root: Path
    stage: str
    tell: Callable[[Event], None]
    cancellation: Cancellation
    starts: WarmStarts
    started_commands: bool = False
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    _told_busy: bool = False

    def reproduce(self, redo: Redo) -> StageFinished:
        """Bring the stage up to date.

        Raises:
            StageFailed, DependencyChanged, RunCancelled.
        """
        from ml_assets.dvc._internals import DvcException, command_runner, open_repo

        started = time.monotonic()
        while True:
            try:
                with (
                    open_repo(self.root, stopped=lambda: self.cancellation.requested) as repo,
                    command_runner(self._run_commands),
                ):
                    changed = repo.reproduce(self.stage, single_item=True, force=redo is Redo.ALL)
                return StageFinished(self.stage, self._outcome(changed), time.monotonic() - started)
            except DvcException as error:
                if not self._is_busy(error) or time.monotonic() - started > BUSY_SECONDS:
                    raise self._cause(error) from error
                self._tell_busy(error)
                time.sleep(BUSY_POLL_SECONDS)

    def _is_busy(self, error: BaseException) -> bool:
        """Whether another DVC process has what the stage needs: DVC itself never waits for that."""
        from ml_assets.dvc._internals import LockError

        return not self.cancellation.requested and isinstance(_innermost(error), LockError)

    def _tell_busy(self, error: BaseException) -> None:
        if not self._told_busy:
            self._told_busy = True
            self._line(f"waiting: {str(_innermost(error)).splitlines()[0]}")

    def _outcome(self, changed: Sequence[object]) -> Outcome:
        if not changed:
            return Outcome.UNCHANGED
        return Outcome.RAN if self.started_commands else Outcome.RESTORED

    def _run_commands(self, stage: Any, commands: Sequence[list[str]], options: Mapping[str, Any]) -> None:
        from ml_assets.dvc._internals import dependency_hashes

        self.started_commands = True
        before = dependency_hashes(stage)
        for command in commands:
            self._run_one(command, {**options, "env": stage_environment(options["env"])})
        after = dependency_hashes(stage)
        # DVC itself would record the new hash beside a result of the old data (DVC issue 11058).
        moved = tuple(path for path in sorted(before | after) if before.get(path) != after.get(path))
        if moved:
            raise DependencyChanged(self.stage, moved)

    def _run_one(self, command: list[str], options: Mapping[str, Any]) -> None:
        running = self.starts.start(
            self.stage,
            command,
            cwd=options["cwd"],
            env=options["env"],
            tell=self._line,
            cancellation=self.cancellation,
        )
        code = run_command(running, on_line=self._line, cancellation=self.cancellation)
        if self.cancellation.requested:
            raise RunCancelled(self.stage)
        if code:
            reason = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise StageFailed(self.stage, f"`{command[-1]}` ended with {reason}", tuple(self.tail))

    def _line(self, text: str) -> None:
        self.tail.append(text)
        self.tell(StageLine(self.stage, text))

    def _cause(self, error: BaseException) -> DvcBridgeError:
        """Our own error inside DVC's wrapping of it, or DVC's words as ours."""
        chain: BaseException | None = error
        while chain is not None:
            if isinstance(chain, DvcBridgeError):
                return chain
            chain = chain.__cause__ or chain.__context__
        if self.cancellation.requested:
            return RunCancelled(self.stage)
        return StageFailed(self.stage, str(_innermost(error)), tuple(self.tail))


def _innermost(error: BaseException) -> BaseException:
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return error


def stage_environment(base: Mapping[str, str]) -> dict[str, str]:
    """The environment of a stage's command: `python` is this interpreter, output comes unbuffered."""
    path = os.pathsep.join([str(Path(sys.executable).parent), base.get("PATH", os.defpath)])
    # OpenMP's busy waiting made a fit on shared cores 8 times slower; it is read when scikit-learn loads.
    return {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1", **base, "PATH": path}
