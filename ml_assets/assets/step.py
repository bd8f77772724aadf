"""One step of Dagster over some stages of a project: runs them, checks them, and tells what came out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field

from dagster import AssetCheckResult, AssetExecutionContext, AssetKey, DataVersion, MaterializeResult

from ml_assets.assets.errors import BelowThreshold
from ml_assets.assets.keys import META_KEY_LOG
from ml_assets.assets.meta_table import read_table
from ml_assets.assets.metadata import stage_metadata
from ml_assets.assets.metric_checks import blocks, check_result, in_words, is_selected
from ml_assets.assets.pipes import Reported, pipes_session, reported_metadata
from ml_assets.assets.stage_logs import StageLogs
from ml_assets.dvc.events import (
    Accepted,
    Event,
    OnFailure,
    Redo,
    StageBroke,
    StageFinished,
    StageLine,
    StageSkipped,
    Start,
)
from ml_assets.dvc.fetching import Fetching
from ml_assets.dvc.lockfile import read_locks
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.run_cache import pull_missing_sources
from ml_assets.dvc.runner import run_stages
from ml_assets.dvc.stage_commands import no_session
from ml_assets.dvc.thresholds import Measured, measure
from ml_assets.ledger.record import Outcome


@dataclass
class Step:
    """The `selected` stages (name → asset key) of a step; needs the workspace's write slot.

    `remote` is a name in DVC's configuration and `url` where that is; without `url` nothing is fetched.
    `lock_before` is for steps of one run that write side by side: see `run_stages`.
    """

    context: AssetExecutionContext
    project: DvcProject
    selected: Mapping[str, AssetKey]
    remote: str | None
    url: str | None
    landed: Sequence[str] = ()
    lock_before: Mapping[str, list[str]] | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    _measured: dict[str, list[Measured]] = field(default_factory=dict)
    _reported: dict[str, Reported] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._logs = StageLogs(self.context, self.project.private_dir / "logs" / self.context.run_id)

    def run(self, *, redo: Redo, jobs: int, start: Start) -> Iterator[MaterializeResult[None]]:
        """Yield each stage's result as it ends.

        Raises:
            DvcBridgeError: a stage failed, after all that does not depend on it has ended.
            BelowThreshold: a blocking check was not passed; what is below was not run.
        """
        if self.url:
            pull_missing_sources(
                self.project.root, self.project.manifest(), list(self.selected), remote=self.remote
            )
        events = run_stages(
            self.project,
            list(self.selected),
            redo=redo,
            jobs=jobs,
            on_failure=OnFailure.KEEP_GOING,
            start=start,
            fetching=Fetching(self.remote) if self.url else None,
            verdict=self._verdict,
            session=self._session,
            lock_before=self.lock_before,
            kept=self.landed,
        )
        # Closed even when we fail here: its commands must not outlive the step that holds the write slot.
        with closing(events):
            for event in events:
                self._log(event)
                if isinstance(event, StageFinished):
                    self.outcomes[event.stage] = event.outcome.value
                    yield self._result(event)
        self._require_thresholds()

    def _session(self, stage: str) -> AbstractContextManager[Mapping[str, str]]:
        if not read_table(self.project.manifest().stage(stage)).pipes:
            return no_session(stage)
        return pipes_session(self.context, stage, self.selected[stage], self._reported)

    def _verdict(self, name: str) -> Accepted:
        stage = self.project.manifest().stage(name)
        found = [measure(self.project.root, stage, each) for each in read_table(stage).checks]
        self._measured[name] = found
        return Accepted.NO if any(blocks(each) for each in found) else Accepted.YES

    def _require_thresholds(self) -> None:
        refused = [
            f"stage '{stage}': {in_words(each)}"
            for stage, found in self._measured.items()
            for each in found
            if blocks(each)
        ]
        if refused:
            raise BelowThreshold(tuple(refused))

    def _log(self, event: Event) -> None:
        if isinstance(event, StageLine):
            self._logs.line(event.stage, event.text)
        elif isinstance(event, StageBroke):
            self.context.log.error(str(event.error))
        elif isinstance(event, StageSkipped):
            self.context.log.warning(f"{event.stage} was not run, since {event.because} failed")

    def _result(self, finished: StageFinished) -> MaterializeResult[None]:
        manifest, key = self.project.manifest(), self.selected[finished.stage]
        locked = read_locks(self.project.root, manifest)[finished.stage]
        metadata = stage_metadata(
            project=self.project,
            stage=manifest.stage(finished.stage),
            locked=locked,
            finished=finished,
            remote_url=self.url,
        )
        log = self._logs.path(finished.stage)
        return MaterializeResult(
            asset_key=key,
            data_version=DataVersion(locked.version),
            metadata={
                **metadata,
                **({META_KEY_LOG: log} if log.exists() else {}),
                **reported_metadata(self._reported.get(finished.stage, ()), key),
            },
            check_results=list(self._checks(finished.stage, key)),
        )

    def _checks(self, stage: str, key: AssetKey) -> Iterator[AssetCheckResult]:
        selected = set(self.context.selected_asset_check_keys)
        for each in self._measured.get(stage, ()):
            if is_selected(each, key, selected):
                yield check_result(each, key)
