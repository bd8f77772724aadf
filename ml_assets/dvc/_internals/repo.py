"""DVC's repository: opened, locked, run, hashed and drawn, with the changes to how DVC does it."""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import dvc.repo.graph
import dvc.rwlock
import dvc.stage.run
from dvc.config import Config
from dvc.exceptions import CheckoutError, DvcException
from dvc.lock import Lock, LockError
from dvc.parsing.context import Context
from dvc.render.match import PlotsData, match_defs_renderers
from dvc.repo import Repo
from dvc.repo.plots import infer_data_sources
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.stage import PipelineStage

from ml_assets.dvc._internals.lock import lock_order
from ml_assets.dvc._internals.transfers import save_to_cache
from ml_assets.dvc.errors import TornRwlock
from ml_assets.dvc.locks import in_words, release_stale, repository_hold
from ml_assets.dvc.pipeline_files import digest
from ml_assets.dvc.rwlock import parse

__all__ = [
    "CheckoutError",
    "CommandRunner",
    "DvcException",
    "LockError",
    "PipelineStage",
    "Repo",
    "cache_outputs",
    "command_runner",
    "configuration",
    "dependency_hashes",
    "execution_order",
    "loaded_variables",
    "lock_order",
    "open_repo",
    "plot_renderers",
    "plot_sources",
    "unclaimed",
    "working_directory",
]

# Runs the commands of a stage: (stage address, commands, Popen keywords) → raises on failure.
CommandRunner = Callable[[Any, Sequence[list[str]], dict[str, Any]], None]
Tell = Callable[[str], None]

FIRST_POLL_SECONDS = 0.005
LONGEST_POLL_SECONDS = 0.02
SILENT_SECONDS = 1.0

_log = logging.getLogger("ml_assets.dvc")
_active = threading.local()
_places: list[Path] = []
_places_lock = threading.Lock()
_original_cmd_run = dvc.stage.run.cmd_run

# DVC is tens of thousands of objects that live as long as the process: no collection has to walk them.
gc.freeze()


class FairLock(Lock):  # type: ignore[misc]
    """DVC's own lock file, polled every few ms without giving up, and told of when it takes longer.

    DVC's waiter gives up after 3 s, and so a stage that succeeded fails because a neighbour hashes 2 GB.
    With the lock come stale claims on paths, on which DVC would wait for ever: they are released.
    """

    def __init__(self, root: Path, lockfile: str, *, stopped: Callable[[], bool], tell: Tell | None) -> None:
        super().__init__(lockfile)
        self._root, self._stopped, self._tell = root, stopped, tell

    def lock(self) -> None:
        self._wait_and_lock()
        if self._tell is None:
            return
        try:
            for gone in in_words(release_stale(self._root)):
                self._tell(f"released what {gone}")
        except BaseException:
            self.unlock()
            raise

    def _wait_and_lock(self) -> None:
        delay, silent_until = FIRST_POLL_SECONDS, time.monotonic() + SILENT_SECONDS
        while True:
            try:
                self._do_lock()
            except LockError:
                if self._stopped():
                    raise
                if self._tell and time.monotonic() > silent_until and (hold := repository_hold(self._root)):
                    self._tell(f"waiting: {hold}")
                    silent_until = float("inf")
                time.sleep(delay)
                delay = min(delay * 1.5, LONGEST_POLL_SECONDS)
            else:
                return


def never() -> bool:
    """Wait for DVC's lock as long as it takes."""
    return False


@contextmanager
def working_directory(root: Path) -> Iterator[None]:
    """The process works inside `root` as long as anybody here needs it; then it goes back.

    DVC refuses stage paths when the working directory is elsewhere, so all this belongs into a process that
    runs stages, never into a code server.
    """
    with _places_lock:
        if not _places:
            _places.append(Path.cwd())
            os.chdir(root)
        _places.append(root)
    try:
        yield
    finally:
        with _places_lock:
            _places.remove(root)
            if len(_places) == 1:
                os.chdir(_places.pop())


@contextmanager
def open_repo(
    root: Path, *, stopped: Callable[[], bool] = never, tell: Tell | None = _log.warning
) -> Iterator[Repo]:
    """DVC's `Repo` at `root`, in the `working_directory`, for one thread.

    Args:
        stopped: is asked while another process holds DVC's lock, and ends the waiting (with DVC's LockError).
        tell: gets in words whom we wait for, and whose stale claims were released; None: they are not.
    """
    with working_directory(root):
        repo = Repo(str(root))
        try:
            if type(repo.lock) is Lock:
                repo.lock = FairLock(root, repo.lock.lockfile, stopped=stopped, tell=tell)
            yield repo
        finally:
            repo.close()


def configuration(root: Path) -> Any:
    """DVC's configuration of the project at `root`: system's, user's, repository's and local one, merged."""
    return Config(str(root / ".dvc"))


@contextmanager
def command_runner(run: CommandRunner) -> Iterator[None]:
    """Within this context and thread, stage commands are run by `run` instead of DVC's own Popen."""
    _active.run = run
    try:
        yield
    finally:
        del _active.run


def execution_order(repo: Repo) -> list[Any]:
    """All stages, in the order in which `dvc repro` visits them."""
    graph = get_active_graph(repo.index.graph)
    ordered: list[Any] = plan_repro(graph)
    return ordered


@contextmanager
def loaded_variables() -> Iterator[dict[str, str | None]]:
    """Path → digest of each file that templating reads `vars` from within this context."""
    loaded: dict[str, str | None] = {}
    original = Context.load_from.__func__

    def load_from(cls: Any, fs: Any, path: str, select: Any = None) -> Any:
        loaded[path] = digest(Path(path))
        return original(cls, fs, path, select)

    Context.load_from = classmethod(load_from)
    try:
        yield loaded
    finally:
        Context.load_from = classmethod(original)


@contextmanager
def unclaimed(repo: Repo) -> Iterator[bool]:
    """Whether nobody writes any path; if so, DVC claims no paths for reading within this context.

    It holds DVC's lock, without which nobody can begin to write. A claim is three rewrites of a file.
    """
    with repo.lock:
        free = not _is_somebody_writing(Path(repo.tmp_dir) / "rwlock")
        _active.unclaimed = free
        try:
            yield free
        finally:
            _active.unclaimed = False


def _is_somebody_writing(rwlock: Path) -> bool:
    try:
        return any(claim.mode == "write" for claim in parse(rwlock))
    except FileNotFoundError:
        return False
    except TornRwlock:
        return True  # until a stage takes the lock, and releases what is stale


def _rwlock(*args: Any, **options: Any) -> Any:
    return nullcontext() if getattr(_active, "unclaimed", False) else _original_rwlock(*args, **options)


def dependency_hashes(stage: Any) -> dict[str, str]:
    """Path → hash of what a stage reads, or values of params; from DVC's state database where it can."""
    return {str(dep): repr(dep.get_hash()) for dep in stage.deps if dep.exists}


def cache_outputs(stage: Any) -> None:
    """Hash the outputs of a stage and put them into the cache, which DVC would do with its lock held.

    A neighbour that ended meanwhile would wait for gigabytes. DVC then finds them there.
    """
    for out in stage.outs:
        if out.use_cache and out.is_in_repo and out.exists:
            # As DVC does before it saves: what changed since DVC 2 moves to the cache of now.
            out.update_legacy_hash_name()
            hardlink = next(iter(out.cache.cache_types), None) == "hardlink"
            staging, _, built = out._build(
                out.cache, out.fs_path, out.fs, out.hash_name, ignore=out.dvcignore, no_progress_bar=True
            )
            save_to_cache(staging, out.cache, {built.hash_info}, shallow=False, hardlink=hardlink)


def plot_renderers(repo: Repo) -> list[tuple[Any, tuple[str, ...]]]:
    """dvc-render's renderer of each plot that has data, with the files that it shows."""
    data = repo.plots.show()
    sources = {
        plot: tuple(
            source for _, inner, definition in group for source in infer_data_sources(inner, definition)
        )
        for plot, group in PlotsData(data).group_definitions().items()
    }
    found = match_defs_renderers(data, templates_dir=repo.plots.templates_dir)
    return [(each.renderer, sources[each.renderer.name]) for each in found if each.renderer.datapoints]


def plot_sources(repo: Repo) -> tuple[str, ...]:
    """Paths relative to the root of all files and folders that plots show, whether they exist yet or not."""
    from_outs = [repo.fs.relpath(out.fs_path, repo.root_dir) for out in repo.index.plots if out.plot]
    top_level = [
        repo.fs.join(repo.fs.dirname(repo.fs.relpath(file, repo.root_dir)), source)
        for file, plots in repo.index._plots.items()
        for each in plots
        for plot, definition in (each.items() if isinstance(each, dict) else [(each, None)])
        for source in infer_data_sources(plot, definition)
    ]
    return tuple(dict.fromkeys([*from_outs, *top_level]))


def _cmd_run(stage: Any, dry: bool = False, run_env: dict[str, str] | None = None) -> None:  # noqa: FBT001, FBT002
    run: CommandRunner | None = getattr(_active, "run", None)
    if dry or run is None:
        _original_cmd_run(stage, dry=dry, run_env=run_env)
        return
    shell = dvc.stage.run.get_executable()
    commands = [dvc.stage.run._make_cmd(shell, cmd) for cmd in dvc.stage.run._enforce_cmd_list(stage.cmd)]
    run(stage, commands, dvc.stage.run.prepare_kwargs(stage, run_env=run_env))


def _check_acyclic(graph: Any) -> None:
    # DVC looks for the cycle itself each time, in quadratic time: 12 s at 1,000 stages.
    import networkx

    if not networkx.is_directed_acyclic_graph(graph):
        _original_check_acyclic(graph)


# Its INFO lines are the command line's small talk, and its handlers write to this process's stdout.
logging.getLogger("dvc").setLevel(logging.WARNING)

dvc.stage.run.cmd_run = _cmd_run
_original_rwlock = dvc.rwlock.rwlock
dvc.rwlock.rwlock = _rwlock
_original_check_acyclic = dvc.repo.graph.check_acyclic
dvc.repo.graph.check_acyclic = _check_acyclic
