"""The warm server as a process of ours: started, asked for stages, killed (it is warm_server.py)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ml_assets.dvc.command import Cancellation
from ml_assets.dvc.process_group import end_group, start_watched
from ml_assets.dvc.warm_command import WarmCommand, receive

SCRIPT = Path(__file__).with_name("warm_server.py")
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.1
GO = b"go"
DIED = "the process that preloads libraries died"


class NotWarm(Exception):
    """The server does not start this stage; the message says why."""


class WarmServer:
    """Loads `levels` of libraries, one after the other, in `env`, which is what its stages get as well."""

    def __init__(self, levels: Sequence[Sequence[str]], *, cwd: Path, env: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = start_watched(
                [sys.executable, str(SCRIPT), json.dumps(levels)],
                cwd=cwd,
                env=env,
                stdout=subprocess.PIPE,
                # Nobody but the server itself holds it: it ends when the server does.
                stderr=theirs.fileno(),
            )

    def start(
        self, stage: str, names: Sequence[str], body: Mapping[str, Any], cancellation: Cancellation
    ) -> WarmCommand:
        """Fork a stage that needs the libraries `names`; waits until they are loaded.

        Raises:
            NotWarm: for whatever reason there is no such process.
        """
        with ExitStack() as ours, ExitStack() as theirs:
            reply, their_reply = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.enter_context(reply)
            theirs.enter_context(their_reply)
            output, their_output = os.pipe()
            stream = ours.enter_context(open(output, "rb"))  # noqa: PTH123 - no path
            theirs.callback(os.close, their_output)
            their_life, life = os.pipe()
            ours.callback(os.close, life)
            theirs.callback(os.close, their_life)
            text = os.memfd_create("stage")
            theirs.callback(os.close, text)
            os.write(text, json.dumps(body).encode())
            self._send(names, [their_reply.fileno(), their_output, their_life, text])
            theirs.close()
            group = self._started(reply, cancellation)
            ours.pop_all()
            return WarmCommand(stage=stage, group=group, output=stream, reply=reply, life=life)

    def _send(self, names: Sequence[str], files: Sequence[int]) -> None:
        try:
            socket.send_fds(self._control, [json.dumps(names).encode()], files)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise NotWarm(DIED) from error

    def _started(self, reply: socket.socket, cancellation: Cancellation) -> int:
        """The process id, which is the group's as well, of the stage when it is about to run."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        reply.settimeout(POLL_SECONDS)
        while True:
            try:
                told = receive(reply)
                break
            except TimeoutError:
                if cancellation.requested or time.monotonic() > deadline:
                    raise NotWarm(f"its libraries were not loaded after {PATIENCE_SECONDS:.0f} s") from None
        reply.settimeout(None)
        if "pid" not in told:
            raise NotWarm(told.get("cold", DIED))
        try:
            reply.send(GO)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise NotWarm(DIED) from error
        return int(told["pid"])

    def close(self) -> None:
        """Kill it; stages that it has started are not its concern any more."""
        self._control.close()
        end_group(self._process)
        self._process.wait()
        assert self._process.stdout is not None  # noqa: S101 - it was asked for as a pipe
        self._process.stdout.close()
