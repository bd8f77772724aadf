"""The commands of one stage: their output streamed, their inputs guarded, stopped on request."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_assets.dvc.bytecode import outlast_edits
from ml_assets.dvc.command import Cancellation, run_command
from ml_assets.dvc.errors import DependencyChanged, RunCancelled, StageFailed
from ml_assets.dvc.events import Event, StageLine
from ml_assets.dvc.stage_trust import StageTrust
from ml_assets.dvc.storage import full_disk
from ml_assets.dvc.warm import WarmStarts

TAIL_LINES = 20


# Given a stage's name, surrounds its commands and says what is in their environment besides.
Session = Callable[[str], AbstractContextManager[Mapping[str, str]]]


def no_session(_: str) -> AbstractContextManager[Mapping[str, str]]:
    """Commands run as `dvc repro` runs them."""
    return nullcontext({})


@dataclass
class StageLines:
    """What a stage prints: told as it comes, from another thread too; the last lines are kept."""

    stage: str
    tell: Callable[[Event], None]
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))

    def line(self, text: str) -> None:
        """Keep and tell one line."""
        self.tail.append(text)
        self.tell(StageLine(self.stage, text))


@dataclass
class StageCommands:
    """What DVC calls to run a stage's commands."""

    trust: StageTrust
    lines: StageLines
    cancellation: Cancellation
    starts: WarmStarts
    session: Session = no_session
    started: bool = False

    def run(self, stage: Any, commands: Sequence[list[str]], options: Mapping[str, Any]) -> None:
        """Run them one after the other, in DVC's stead and while it lets go of its lock.

        Raises:
            StageFailed, DependencyChanged, RunCancelled.
        """
        from ml_assets.dvc._internals.repo import cache_outputs, dependency_hashes

        self.started = True
        before = {**dependency_hashes(stage), **self.trust.code.undeclared}
        with self.session(self.trust.stage) as more:
            env = {**stage_environment(options["env"]), **more}
            for command in commands:
                self._run_one(command, {**options, "env": env})
        outlast_edits(self.trust.project.root, self.trust.files())
        after = {**dependency_hashes(stage), **self.trust.undeclared_now()}
        # DVC itself would record the new hash beside a result of the old data (DVC issue 11058).
        moved = tuple(
            path for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path)
        )
        if moved:
            raise DependencyChanged(self.trust.stage, moved)
        cache_outputs(stage)

    def _run_one(self, command: list[str], options: Mapping[str, Any]) -> None:
        running = self.starts.start(
            self.trust.stage,
            command,
            cwd=options["cwd"],
            env=options["env"],
            tell=self.lines.line,
            cancellation=self.cancellation,
        )
        code = run_command(running, on_line=self.lines.line, cancellation=self.cancellation)
        if self.cancellation.requested:
            raise RunCancelled(self.trust.stage)
        if code:
            reason = f"signal {-code}" if code < 0 else f"exit code {code}"
            reason += full_disk(self.trust.project.root)
            raise StageFailed(
                self.trust.stage, f"`{command[-1]}` ended with {reason}", tuple(self.lines.tail)
            )


def stage_environment(base: Mapping[str, str]) -> dict[str, str]:
    """The environment of a stage's command: `python` is this interpreter, output comes unbuffered."""
    path = os.pathsep.join([str(Path(sys.executable).parent), base.get("PATH", os.defpath)])
    # OpenMP's busy waiting made a fit on shared cores 8 times slower; it is read when scikit-learn loads.
    return {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1", **base, "PATH": path}
