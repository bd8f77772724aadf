"""A command as the leader of a process group that is killed as a whole, also when its starter is."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# Before the command takes the shell's place, a watcher joins its process group and waits on our pipe:
# when we are gone, however that came, the pipe closes and the whole group is killed. A parent-death
# signal would not do: it reaches one process only, and fires when the starting *thread* ends. The watcher is
# no child of the command, which may wait until it has no child left.
WATCHED = 'exec 3<&0 </dev/null; ( { read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 & ); exec 3<&-; exec "$@"'


@dataclass(frozen=True)
class ColdCommand:
    """A command that `start_command` started."""

    process: subprocess.Popen[bytes]

    @property
    def group(self) -> int:
        return self.process.pid

    @property
    def output(self) -> IO[bytes]:
        assert self.process.stdout is not None  # noqa: S101 - it was asked for as a pipe
        return self.process.stdout

    def wait(self) -> int:
        return self.process.wait()

    def end(self) -> None:
        end_group(self.process)


def start_command(command: Sequence[str], *, cwd: str | Path, env: Mapping[str, str]) -> ColdCommand:
    """Start `command`, watched, with its output and error in one pipe."""
    return ColdCommand(start_watched(command, cwd=cwd, env=env, stdout=subprocess.PIPE))


def start_watched(
    command: Sequence[str],
    *,
    cwd: str | Path,
    env: Mapping[str, str],
    stdout: int | IO[bytes],
    stderr: int = subprocess.STDOUT,
) -> subprocess.Popen[bytes]:
    """Start `command` as the leader of a process group that is killed as a whole when this process dies.

    Standard error goes where standard output goes if nothing else is said, standard input is empty; end it
    with `end_group`.
    """
    return subprocess.Popen(
        ["/bin/sh", "-c", WATCHED, "sh", *command],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a group that `start_watched` started."""
    assert process.stdin is not None  # noqa: S101 - it was asked for as a pipe
    signal_group(process.pid, signal.SIGKILL)
    process.stdin.close()


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to all of a group, if there is still somebody in it."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return  # it ended by itself meanwhile
