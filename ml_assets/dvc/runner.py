"""Runs stages, independent ones side by side, and tells, event by event, what happens."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ml_assets.dvc.code_state import StageCode
from ml_assets.dvc.command import Cancellation
from ml_assets.dvc.errors import DvcBridgeError
from ml_assets.dvc.events import (
    Accepted,
    Event,
    OnFailure,
    Outcome,
    Redo,
    StageBroke,
    StageFinished,
    StageSkipped,
    StageStarted,
    Start,
)
from ml_assets.dvc.fetching import Fetching
from ml_assets.dvc.lockfile import read_locks
from ml_assets.dvc.outside import require_inside
from ml_assets.dvc.preload import preloads
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.schedule import Schedule, make_schedule
from ml_assets.dvc.sources import Sources
from ml_assets.dvc.stage_commands import Session, StageCommands, StageLines, no_session, stage_environment
from ml_assets.dvc.stage_run import StageRun
from ml_assets.dvc.stage_trust import StageTrust
from ml_assets.dvc.survey import stage_codes, up_to_date
from ml_assets.dvc.warm import WarmStarts

# Asked of each stage that has ended well: whether what is below it may begin.
Verdict = Callable[[str], Accepted]


def accept(_: str) -> Accepted:
    """Every stage that ended well is good enough."""
    return Accepted.YES


def run_stages(
    project: DvcProject,
    stages: Sequence[str],
    *,
    redo: Redo = Redo.CHANGED,
    on_failure: OnFailure = OnFailure.STOP,
    jobs: int = 1,
    start: Start = Start.WARM,
    fetching: Fetching | None = None,
    kept: Collection[str] = (),
    verdict: Verdict = accept,
    session: Session = no_session,
    lock_before: Mapping[str, Sequence[str]] | None = None,
) -> Generator[Event, None, None]:
    """Run `stages`, at most `jobs` at once, and yield what happens as it happens.

    With `fetching`, what another machine has made of the same inputs is brought from a remote instead.
    `verdict` is asked of each finished stage before anything below it starts; `session` surrounds the
    commands of a stage. `lock_before` are the entries that each dvc.lock had before, where other processes
    run stages of the same pipeline for the same cause.

    DVC works in threads of its own, so that closing this iterator, or an exception raised in the consumer
    (Dagster's Terminate, Ctrl-C), stops the running commands at once. What each thread does to DVC's files
    is serialised by DVC's own lock; dvc.lock is written in the order of a serial `dvc repro`. What changed in
    tracked paths goes into their .dvc files, as there, but for those in `kept`.

    Raises:
        UnknownStage: a name that no dvc.yaml has.
        PreloadInvalid: what a stage wants to have loaded is no list of modules.
        StageFailed, SourceMissing, DependencyChanged: the first stage that failed, after all that could run
            has ended; further ones are in its notes.
    """
    # What is run is what the files said when the run began.
    project = project.pinned()
    manifest = project.manifest()
    schedule = make_schedule(manifest, {manifest.stage(name).name for name in stages})
    asked = preloads(manifest, schedule.order) if start is Start.WARM else {}
    with WarmStarts(project.root, asked, env=stage_environment(os.environ)) as starts:
        if asked and redo is Redo.ALL:
            # All of them will run: what they need is loaded while DVC itself is.
            starts.begin()
        codes = stage_codes(project, schedule)
        found = set() if redo is Redo.ALL else up_to_date(project, schedule, codes)
        sources = Sources(project, kept)
        found -= sources.behind_moving(schedule)
        plan = _Plan(
            project,
            schedule,
            redo,
            on_failure,
            jobs,
            starts,
            fetching,
            codes,
            sources,
            verdict,
            session,
            lock_before,
        )
        run = _Run(plan)
        yield from run.take_unchanged(found)
        if not run.settled:
            yield from _run(run)


def _run(run: _Run) -> Iterator[Event]:
    from ml_assets.dvc._internals.repo import lock_order, working_directory

    project = run.plan.project
    read_locks(project.root, project.manifest())  # a broken one is told in words, before anything runs
    order = [(stage.file, stage.entry) for stage in project.manifest().stages]
    with working_directory(project.root), lock_order(project.root, order, run.plan.lock_before):
        try:
            yield from run.events()
        finally:
            run.stop()
    run.raise_failures()


@dataclass(frozen=True)
class _Plan:
    """What a run is to do, and how."""

    project: DvcProject
    schedule: Schedule
    redo: Redo
    on_failure: OnFailure
    jobs: int
    starts: WarmStarts
    fetching: Fetching | None
    codes: Mapping[str, StageCode]
    sources: Sources
    verdict: Verdict
    session: Session
    lock_before: Mapping[str, Sequence[str]] | None

    def stage_run(self, name: str, tell: Callable[[Event], None], cancellation: Cancellation) -> StageRun:
        trust = StageTrust(self.project, name, self.codes[name])
        lines = StageLines(name, tell)
        commands = StageCommands(trust, lines, cancellation, self.starts, self.session)
        return StageRun(trust, lines, cancellation, commands, self.fetching)


@dataclass
class _Run:
    """What is done, running and broken; changed by the consumer's thread alone."""

    plan: _Plan
    done: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    failures: list[StageBroke] = field(default_factory=list)
    pool: ThreadPoolExecutor = field(init=False)
    cancellation: Cancellation = field(default_factory=Cancellation)
    told: queue.SimpleQueue[Event | BaseException] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        self.pool = ThreadPoolExecutor(self.plan.jobs, thread_name_prefix="dvc")

    @property
    def settled(self) -> bool:
        """Whether each stage has ended, or never will begin."""
        return set(self.plan.schedule.order) <= self.done | self.skipped

    def take_unchanged(self, names: set[str]) -> Iterator[Event]:
        """Take stages for finished that nothing has to be done for."""
        for name in self.plan.schedule.order:
            if name in names and name not in self.skipped:
                event = StageFinished(name, Outcome.UNCHANGED, 0.0)
                skipped = self._take_in(event)
                yield event
                yield from skipped

    def events(self) -> Iterator[Event]:
        self._start_ready()
        while self.running:
            event = self.told.get()
            if isinstance(event, BaseException):
                raise event
            # What waited for this starts before the consumer has looked at it.
            skipped = self._take_in(event)
            self._start_ready()
            yield event
            yield from skipped

    def stop(self) -> None:
        """Stop what runs, and wait until its thread has let go of DVC's files."""
        if self.running:
            self.cancellation.cancel()
        self.pool.shutdown()

    def raise_failures(self) -> None:
        if self.failures:
            first, *others = (failure.error for failure in self.failures)
            for other in others:
                first.add_note(str(other))
            raise first

    def _take_in(self, event: Event) -> list[Event]:
        if isinstance(event, StageFinished):
            self.running.discard(event.stage)
            self.done.add(event.stage)
            if self.plan.verdict(event.stage) is Accepted.NO:
                return self._skip(event.stage, self.plan.schedule.downstream(event.stage))
        elif isinstance(event, StageBroke):
            self.running.discard(event.stage)
            self.failures.append(event)
            stopping = self.plan.on_failure is OnFailure.STOP
            schedule = self.plan.schedule
            return self._skip(event.stage, schedule.order if stopping else schedule.downstream(event.stage))
        return []

    def _skip(self, broken: str, behind: Sequence[str]) -> list[Event]:
        settled = self.done | self.running | self.skipped | {failure.stage for failure in self.failures}
        skipped = [name for name in behind if name not in settled]
        self.skipped.update(skipped)
        return [StageSkipped(name, broken) for name in skipped]

    def _start_ready(self) -> None:
        given_up = self.skipped | {failure.stage for failure in self.failures}
        ready = self.plan.schedule.ready(
            done=self.done, running=self.running, given_up=given_up, jobs=self.plan.jobs
        )
        for name in list(ready):
            self.running.add(name)
            self.pool.submit(self._reproduce, name)

    def _reproduce(self, name: str) -> None:
        """In a thread of the pool: everything that happens is told, nothing is raised."""
        self.told.put(StageStarted(name))
        try:
            require_inside(self.plan.project.manifest().stage(name))
            stage = self.plan.stage_run(name, self.told.put, self.cancellation)
            self.plan.sources.bring(stage)
            self.told.put(stage.reproduce(self.plan.redo))
        except DvcBridgeError as error:
            self.told.put(StageBroke(name, error))
        except BaseException as error:  # noqa: BLE001 - raised again in the consumer's thread
            self.told.put(error)
