"""Every private name of DVC that we lean on, and the changes to its behaviour, in one place."""

from __future__ import annotations

import io
import json
import logging
import os
import pickle
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import dvc.stage.run
import zc.lockfile
from dvc.config import Config
from dvc.dependency.param import ParamsDependency
from dvc.exceptions import CheckoutError, DvcException
from dvc.lock import Lock, LockError
from dvc.render.match import PlotsData, match_defs_renderers
from dvc.repo import Repo
from dvc.repo.plots import infer_data_sources
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.utils import strictyaml
from dvc.utils.serialize import _common, _yaml

from ml_assets.dvc.files import replace_file

__all__ = [
    "CheckoutError",
    "CommandRunner",
    "DvcException",
    "LockError",
    "Repo",
    "command_runner",
    "configuration",
    "dependency_hashes",
    "execution_order",
    "lock_order",
    "open_repo",
    "plot_renderers",
    "plot_sources",
    "working_directory",
]

# Runs the commands of a stage: (stage address, commands, Popen keywords) → raises on failure.
CommandRunner = Callable[[Any, Sequence[list[str]], dict[str, Any]], None]

FIRST_POLL_SECONDS = 0.005
LONGEST_POLL_SECONDS = 0.02
PARSED_TEXTS = 32

_active = threading.local()
_places: list[Path] = []
_places_lock = threading.Lock()
_orders: dict[Path, tuple[list[str], list[str]]] = {}
_original_cmd_run = dvc.stage.run.cmd_run


class FairLock(Lock):  # type: ignore[misc]
    """DVC's own lock file, polled every few ms without giving up.

    DVC's waiter gives up after 3 s, and so a stage that succeeded fails because a neighbour hashes 2 GB.
    """

    def __init__(self, lockfile: str, *, stopped: Callable[[], bool]) -> None:
        super().__init__(lockfile)
        self._stopped = stopped

    def lock(self) -> None:
        delay = FIRST_POLL_SECONDS
        while True:
            try:
                self._do_lock()
            except LockError:
                if self._stopped():
                    raise
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
def open_repo(root: Path, *, stopped: Callable[[], bool] = never) -> Iterator[Repo]:
    """DVC's `Repo` at `root`, in the `working_directory`, for one thread.

    `stopped` is asked while another process holds DVC's lock, and ends the waiting (with DVC's LockError).
    """
    with working_directory(root):
        _drop_torn_rwlock(root)
        repo = Repo(str(root))
        try:
            if type(repo.lock) is Lock:
                repo.lock = FairLock(repo.lock.lockfile, stopped=stopped)
            yield repo
        finally:
            repo.close()


@contextmanager
def lock_order(root: Path, stages: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Within this context new entries of each dvc.lock are written in the order of `stages`.

    `stages` are (dvc.yaml, stage) pairs in the order of a serial `dvc repro`, which appends entries as
    stages end; side by side they end in any order. Entries that are there already keep their places.
    """
    locks: dict[Path, list[str]] = {}
    for file, name in stages:
        locks.setdefault((root / file).with_suffix(".lock"), []).append(name.rpartition(":")[2])
    _orders.update({lock: (_entries(lock), names) for lock, names in locks.items()})
    try:
        yield
    finally:
        for lock in locks:
            _orders.pop(lock, None)


def _entries(lock: Path) -> list[str]:
    return list(_yaml.load_yaml(str(lock)).get("stages") or {}) if lock.exists() else []


def _put_in_order(path: Path, data: Any) -> None:
    if path not in _orders or not data.get("stages"):
        return
    before, planned = _orders[path]
    stages = data["stages"]
    new = [name for name in planned if name in stages and name not in before]
    rest = [name for name in stages if name not in new]
    for name in [*rest, *new]:
        stages[name] = stages.pop(name)


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


def dependency_hashes(stage: Any) -> dict[str, str]:
    """Path → hash of what a stage reads, from DVC's state database where nothing changed."""
    return {
        str(dep): str(dep.get_hash())
        for dep in stage.deps
        if not isinstance(dep, ParamsDependency) and dep.exists
    }


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


def _dump_data(path: Any, data: Any, dumper: Any, fs: Any = None, **options: Any) -> None:
    # DVC rewrites dvc.lock in place: at 200 stages 45 % of concurrent reads saw it empty or cut, and a
    # kill -9 in between leaves it so.
    if fs is not None and getattr(fs, "protocol", "local") != "local":
        _original_dump_data(path, data, dumper, fs=fs, **options)
        return
    _put_in_order(Path(path).absolute(), data)
    text = io.StringIO()
    dumper(data, text, **options)
    replace_file(Path(path), text.getvalue())


def _parse_yaml(text: str, path: Any, typ: str = "safe") -> Any:
    # DVC reads dvc.yaml, dvc.lock and the params again for each stage, with a parser in pure Python: most of
    # its time where nothing changed. "rt" keeps comments, for files that are about to be rewritten.
    if typ != "safe":
        return _original_parse_yaml(text, path, typ)
    try:
        return pickle.loads(_parsed(text))  # noqa: S301 - bytes of our own
    except _yaml.YAMLFileCorruptedError:
        return _original_parse_yaml(text, path)  # whose error names the file


@lru_cache(maxsize=PARSED_TEXTS)
def _parsed(text: str) -> bytes:
    # Pickled, so that each caller gets values of its own to change.
    return pickle.dumps(_original_parse_yaml(text, "dvc.yaml"))


def _drop_torn_rwlock(root: Path) -> None:
    # Written in place as well; one that was cut by a kill makes every later DVC command fail, and
    # holds nobody's claim any more.
    rwlock = root / ".dvc" / "tmp" / "rwlock"
    if not rwlock.exists():
        return
    try:
        guard = zc.lockfile.LockFile(str(rwlock.with_suffix(".lock")))
    except zc.lockfile.LockError:
        return  # somebody is writing it right now
    try:
        json.loads(rwlock.read_text(encoding="utf-8"))
    except (ValueError, FileNotFoundError):
        rwlock.unlink(missing_ok=True)
    finally:
        guard.close()


# Its INFO lines are the command line's small talk, and its handlers write to this process's stdout.
logging.getLogger("dvc").setLevel(logging.WARNING)

_original_parse_yaml = _yaml.parse_yaml
_yaml.parse_yaml = _parse_yaml
strictyaml.parse_yaml = _parse_yaml
_original_dump_data = _common._dump_data
_common._dump_data = _dump_data
_yaml._dump_data = _dump_data
dvc.stage.run.cmd_run = _cmd_run
