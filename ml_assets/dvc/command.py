"""Follows one command to its end: its output line by line, stopped on request, nothing left behind."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import IO, Protocol

from ml_assets.dvc.process_group import signal_group

GRACE_SECONDS = 0.5
LAST_WORDS_SECONDS = 2.0


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
                signal_group(group, signal.SIGTERM)
        if self._groups:
            timer = threading.Timer(GRACE_SECONDS, self._kill)
            timer.daemon = True
            timer.start()

    def _kill(self) -> None:
        with self._lock:
            for group in self._groups:
                signal_group(group, signal.SIGKILL)

    def enter(self, group: int) -> None:
        with self._lock:
            self._groups.add(group)
            if self.requested:
                # It has done nothing yet that it would have to finish, and no timer runs for it.
                signal_group(group, signal.SIGKILL)

    def leave(self, group: int) -> None:
        with self._lock:
            self._groups.discard(group)


class Running(Protocol):
    """A command at work as the leader of a process group, however it was started."""

    @property
    def group(self) -> int:
        """The group's id, which is also the command's."""

    @property
    def output(self) -> IO[bytes]:
        """What it writes to standard output and error."""

    def wait(self) -> int:
        """Its exit code, or the negative number of the signal that ended it."""

    def end(self) -> None:
        """Kill what is left of the group."""


def run_command(running: Running, *, on_line: Callable[[str], None], cancellation: Cancellation) -> int:
    """Follow `running` to its end and return its exit code.

    Args:
        on_line: gets each line of standard output and error, merged, without its end.
        cancellation: SIGTERM to the whole group, and SIGKILL after half a second.

    What the command leaves running in its group when it ends is killed, and so is all of it when this
    process dies. Standard input is empty: a prompt must not wait for a terminal.
    """
    cancellation.enter(running.group)
    reader = threading.Thread(target=_read_lines, args=(running.output, on_line), daemon=True)
    reader.start()
    try:
        code = running.wait()
    finally:
        running.end()
        cancellation.leave(running.group)
    # A daemon in a session of its own may keep the pipe open for ever; the command itself has ended.
    reader.join(LAST_WORDS_SECONDS)
    if reader.is_alive():
        on_line("(a process that the command left behind in a session of its own keeps its output open)")
    return code


def _read_lines(output: IO[bytes], on_line: Callable[[str], None]) -> None:
    with output as stream:
        for line in stream:
            on_line(line.decode("utf-8", "replace").rstrip("\r\n"))
