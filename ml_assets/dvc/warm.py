"""Starts Python stages warm, forked from a process that has loaded their libraries, and others cold."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from ml_assets.dvc.command import Cancellation, Running
from ml_assets.dvc.preload import Preloads, levels
from ml_assets.dvc.process_group import start_command
from ml_assets.dvc.python_call import NotPlain, python_call
from ml_assets.dvc.warm_process import NotWarm, WarmServer

# What tells a stage of its run, and so differs from one to the next: read when it is needed. Whatever else
# differs from the server's environment might have made a library another one when it was loaded.
OF_ONE_STAGE = ("DVC_", "DAGSTER_", "MLFLOW_", "ML_ASSETS_")
OF_ONE_SHELL = {"PATH", "PWD", "OLDPWD", "SHLVL", "_"}


class WarmStarts:
    """The warm server of one run of stages in the project at `root`; leaving the context kills it.

    It starts with `begin`, or when the first stage that preloads something runs a command.
    """

    def __init__(self, root: Path, preloads: Preloads, *, env: Mapping[str, str]) -> None:
        self._root = root
        self._preloads = preloads
        self._env = env
        self._lock = threading.Lock()
        self._server: WarmServer | None = None
        self._refusal = ""
        self._told: set[tuple[str, str]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()

    def begin(self) -> None:
        """Start the server, if it is not there yet: it loads libraries while others do their work."""
        with self._lock:
            if self._server is None and not self._refusal:
                try:
                    self._server = self._new_server()
                except (NotWarm, OSError) as error:
                    self._refusal = str(error)

    def _new_server(self) -> WarmServer:
        if sys.platform != "linux":
            raise NotWarm(f"{sys.platform} has no safe way to fork")
        return WarmServer(levels(self._preloads), cwd=self._root, env=self._env)

    def start(
        self,
        stage: str,
        command: Sequence[str],
        *,
        cwd: str | Path,
        env: Mapping[str, str],
        tell: Callable[[str], None],
        cancellation: Cancellation,
    ) -> Running:
        """Start a command of `stage`: warm if the stage asks for it and it can be, else as ever.

        `tell` gets the reason why a stage that asks for it starts cold, once.
        """
        if stage in self._preloads:
            try:
                return self._start_warm(stage, command, cwd=cwd, env=env, cancellation=cancellation)
            except (NotPlain, NotWarm) as why:
                self._tell(stage, str(why), tell)
        return start_command(command, cwd=cwd, env=env)

    def _start_warm(
        self,
        stage: str,
        command: Sequence[str],
        *,
        cwd: str | Path,
        env: Mapping[str, str],
        cancellation: Cancellation,
    ) -> Running:
        call = python_call(command, cwd=cwd, env=env)
        self._check_environment(env, cwd)
        self.begin()
        if self._server is None:
            raise NotWarm(self._refusal)
        body = {**asdict(call), "command": list(command), "cwd": str(cwd), "env": dict(env)}
        return self._server.start(stage, self._preloads[stage], body, cancellation)

    def _check_environment(self, stage: Mapping[str, str], cwd: str | Path) -> None:
        differ = [
            name
            for name in sorted(self._env.keys() | stage.keys())
            if self._env.get(name) != stage.get(name)
            and name not in OF_ONE_SHELL
            and not name.startswith(OF_ONE_STAGE)
        ]
        if differ:
            raise NotWarm(f"its environment has another {', '.join(differ)} than the preloaded libraries saw")
        path = stage.get("PYTHONPATH", "/").split(os.pathsep)
        if Path(cwd).resolve() != self._root.resolve() and not all(each.startswith("/") for each in path):
            raise NotWarm("its PYTHONPATH is relative to another folder than the project's")

    def _tell(self, stage: str, reason: str, tell: Callable[[str], None]) -> None:
        if (stage, reason) not in self._told:
            self._told.add((stage, reason))
            tell(f"(starts cold: {reason})")
