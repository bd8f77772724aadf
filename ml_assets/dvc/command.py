"""One command in a process group of its own: its output line by line, stopped with whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

GRACE_SECONDS = 0.5
LAST_WORDS_SECONDS = 2.0

# Before the command takes the shell's place, a watcher joins its process group and waits on our pipe:
# when we are gone, however that came, the pipe closes and the whole group is killed. A parent-death
# signal would not do: it reaches one process only, and fires when the starting *thread* ends.
WATCHED = 'exec 3<&0 </dev/null; { read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 & exec 3<&-; exec "$@"'


class Cancellation:
    """Says stop, from any thread, to whatever command is running or comes next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self.requested = False

    def cancel(self) -> None:
        """Ask the running commands to end; see `run_command` for how they are made to."""
        with self._lock:
            self.requested = True
            for group in self._groups:
                _signal_group(group, signal.SIGTERM)
        if self._groups:
            timer = threading.Timer(GRACE_SECONDS, self._kill)
            timer.daemon = True
            timer.start()

    def _kill(self) -> None:
        with self._lock:
            for group in self._groups:
                _signal_group(group, signal.SIGKILL)

    def enter(self, group: int) -> None:
        with self._lock:
            self._groups.add(group)
            if self.requested:
                _signal_group(group, signal.SIGTERM)

    def leave(self, group: int) -> None:
        with self._lock:
            self._groups.discard(group)


def start_watched(
    command: Sequence[str], *, cwd: str | Path, env: Mapping[str, str], stdout: int | IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start `command` as the leader of a process group that is killed as a whole when this process dies.

    Standard error goes where standard output goes; end it with `end_group`.
    """
    return subprocess.Popen(
        ["/bin/sh", "-c", WATCHED, "sh", *command],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a group that `start_watched` started."""
    assert process.stdin is not None  # noqa: S101 - it was asked for as a pipe
    _signal_group(process.pid, signal.SIGKILL)
    process.stdin.close()


def run_command(
    command: Sequence[str],
    *,
    on_line: Callable[[str], None],
    cancellation: Cancellation,
    popen_options: Mapping[str, Any],
) -> int:
    """Run `command` to its end and return its exit code.

    Args:
        on_line: gets each line of standard output and error, merged, without its end.
        cancellation: SIGTERM to the whole group, and SIGKILL after half a second.
        popen_options: `cwd` and `env`.

    What the command leaves running in its group when it ends is killed, and so is all of it when this
    process dies. Standard input is empty: a prompt must not wait for a terminal.
    """
    process = start_watched(
        command, cwd=popen_options["cwd"], env=popen_options["env"], stdout=subprocess.PIPE
    )
    cancellation.enter(process.pid)
    try:
        reader = threading.Thread(target=_read_lines, args=(process, on_line), daemon=True)
        reader.start()
        code = process.wait()
        end_group(process)
        # A daemon in a session of its own may keep the pipe open for ever; the command itself has ended.
        reader.join(LAST_WORDS_SECONDS)
        if reader.is_alive():
            on_line("(a process that the command left behind in a session of its own keeps its output open)")
        return code
    finally:
        cancellation.leave(process.pid)


def _read_lines(process: subprocess.Popen[bytes], on_line: Callable[[str], None]) -> None:
    assert process.stdout is not None  # noqa: S101 - it was asked for as a pipe
    with process.stdout as stream:
        for line in stream:
            on_line(line.decode("utf-8", "replace").rstrip("\r\n"))


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return  # it ended by itself meanwhile
