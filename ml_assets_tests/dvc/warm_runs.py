"""Commands started warm and cold, outside of DVC, with libraries of our own making."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ml_assets.dvc.command import Cancellation, Running, run_command
from ml_assets.dvc.process_group import ColdCommand, start_command
from ml_assets.dvc.stage_commands import stage_environment
from ml_assets.dvc.warm import WarmStarts
from ml_assets.dvc.warm_command import WarmCommand
from ml_assets_tests.factories import environment, write

SITE = Path("lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")


@dataclass
class Ended:
    """How a command ended, what it printed, and the reasons why it was not started warm."""

    code: int
    lines: list[str]
    warm: bool
    told: list[str] = field(default_factory=list)


def shell(line: str) -> list[str]:
    """As DVC starts it; this shell gives its place to the command, so that signals come through."""
    return ["/bin/bash", "--noprofile", "--norc", "-c", line]


def cold(line: str, *, cwd: Path, env: Mapping[str, str]) -> Ended:
    """The control: as the command starts without us."""
    return follow(start_command(shell(line), cwd=cwd, env=env))


def warm(
    starts: WarmStarts,
    line: str,
    *,
    cwd: Path,
    env: Mapping[str, str],
    stage: str = "stage",
    cancellation: Cancellation | None = None,
) -> Ended:
    cancellation = cancellation or Cancellation()
    told: list[str] = []
    running = starts.start(stage, shell(line), cwd=cwd, env=env, tell=told.append, cancellation=cancellation)
    ended = follow(running, cancellation)
    ended.told = told
    return ended


def follow(running: Running, cancellation: Cancellation | None = None) -> Ended:
    assert isinstance(running, WarmCommand | ColdCommand)
    lines: list[str] = []
    code = run_command(running, on_line=lines.append, cancellation=cancellation or Cancellation())
    return Ended(code, lines, warm=isinstance(running, WarmCommand))


def stage_env(**extra: str) -> dict[str, str]:
    return stage_environment(environment(**extra))


def libraries(root: Path, modules: Mapping[str, str]) -> dict[str, str]:
    """Install modules below `root`; the environment in which they are found, as installed ones."""
    site = root / SITE
    write(site, {f"{name}.py": text for name, text in modules.items()})
    path = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
    return stage_env(PYTHONUSERBASE=str(root), PYTHONPATH=os.pathsep.join(path))


def server_pid(started: WarmStarts) -> int:
    """The process that has loaded the first level; the later ones are below it."""
    started.begin()
    assert started._server is not None
    return started._server._process.pid


def starts(root: Path, env: Mapping[str, str], **preloads: Sequence[str]) -> WarmStarts:
    return WarmStarts(root, {stage: tuple(names) for stage, names in preloads.items()}, env=env)
