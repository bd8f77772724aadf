"""One stage through DVC's own `reproduce`: its output streamed, its inputs guarded, stopped on request."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_assets.dvc.command import Cancellation
from ml_assets.dvc.errors import DvcBridgeError, RunCancelled, StageBlocked, StageFailed
from ml_assets.dvc.events import Outcome, Redo, StageFinished
from ml_assets.dvc.fetching import Fetching
from ml_assets.dvc.locks import blockers
from ml_assets.dvc.stage_commands import StageCommands, StageLines
from ml_assets.dvc.stage_trust import StageTrust
from ml_assets.dvc.storage import chain, full_disk, storage_failure

BUSY_SECONDS = 600.0
BUSY_POLL_SECONDS = 0.2


@dataclass
class StageRun:
    """The run of one stage; `fetching` says what it may take from a remote."""

    trust: StageTrust
    lines: StageLines
    cancellation: Cancellation
    commands: StageCommands
    fetching: Fetching | None = None
    _waiting_for: tuple[str, ...] = ()

    @property
    def root(self) -> Path:
        return self.trust.project.root

    @property
    def stage(self) -> str:
        return self.trust.stage

    def reproduce(self, redo: Redo) -> StageFinished:
        """Bring the stage up to date.

        Raises:
            StageFailed, DependencyChanged, StageBlocked, DiskFull, NotWritable, RunCancelled.
        """
        from ml_assets.dvc._internals.repo import DvcException, command_runner, open_repo

        started = time.monotonic()
        while True:
            try:
                with (
                    open_repo(
                        self.root, stopped=lambda: self.cancellation.requested, tell=self.lines.line
                    ) as repo,
                    command_runner(self.commands.run),
                ):
                    changed = self._reproduce(repo, redo)
                return StageFinished(self.stage, _outcome(changed, self.commands), time.monotonic() - started)
            except (DvcException, OSError) as error:
                if not self._is_busy(error):
                    raise self._cause(error) from error
                self._wait(blockers(self.root, str(_innermost(error))), time.monotonic() - started)

    def _reproduce(self, repo: Any, redo: Redo) -> Sequence[object]:
        repo.stage_cache = self._run_cache(repo)
        force = redo is Redo.ALL or self.trust.must_run(repo, self.fetching, self.lines.line)
        changed: Sequence[object] = repo.reproduce(self.stage, single_item=True, force=force)
        if changed:
            self.trust.note(repo)
        return changed

    def _is_busy(self, error: BaseException) -> bool:
        """Whether another DVC process has what the stage needs: DVC itself never waits for that."""
        from ml_assets.dvc._internals.repo import LockError

        return not self.cancellation.requested and isinstance(_innermost(error), LockError)

    def _wait(self, holders: tuple[str, ...], waited: float) -> None:
        if waited > BUSY_SECONDS:
            raise StageBlocked(self.stage, holders, waited)
        if holders != self._waiting_for:
            self._waiting_for = holders
            self.lines.line(f"waiting: {'; '.join(holders)}")
        time.sleep(BUSY_POLL_SECONDS)

    def _run_cache(self, repo: Any) -> Any:
        from ml_assets.dvc._internals.cache import KeyedRunCache

        def bring(stage: Any, cache: KeyedRunCache) -> None:
            if self.fetching is not None:
                self.fetching.bring(repo, stage, cache, self.lines.line)

        return KeyedRunCache(repo, share=self.trust.code.declared, bring=bring)

    def _cause(self, error: BaseException) -> DvcBridgeError:
        """Our own error inside DVC's wrapping of it, a disk that gave out, or DVC's words as ours."""
        ours = next((each for each in chain(error) if isinstance(each, DvcBridgeError)), None)
        if ours:
            return ours
        if self.cancellation.requested:
            return RunCancelled(self.stage)
        disk = storage_failure(error, doing=f"stage '{self.stage}'", root=self.root)
        reason = f"{_reason(error)}{full_disk(self.root)}"
        return disk or StageFailed(self.stage, reason, tuple(self.lines.tail))


def _outcome(changed: Sequence[object], commands: StageCommands) -> Outcome:
    if not changed:
        return Outcome.UNCHANGED
    return Outcome.RAN if commands.started else Outcome.RESTORED


def _reason(error: BaseException) -> str:
    """What DVC says, and why; that it failed to reproduce is no news."""
    texts = dict.fromkeys(_text(each) for each in chain(error))
    return ": ".join(text for text in texts if text and not text.startswith("failed to reproduce"))


def _text(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"'{os.path.relpath(error.filename)}' does not exist"
    return str(error).strip() or type(error).__name__


def _innermost(error: BaseException) -> BaseException:
    return list(chain(error))[-1]
