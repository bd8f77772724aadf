"""A stage forked from the warm server: follows it as if we had started it ourselves."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from ml_assets.dvc.errors import WarmServerDied
from ml_assets.dvc.process_group import signal_group

MOST_BYTES = 1 << 16


@dataclass(frozen=True)
class WarmCommand:
    """A running stage; the server tells by `reply` how it ended, and our death closes `life`."""

    stage: str
    group: int
    output: IO[bytes]
    reply: socket.socket
    life: int

    def wait(self) -> int:
        """Its exit code, or the negative number of the signal that ended it.

        Raises:
            WarmServerDied: nobody knows how it ended.
        """
        told = receive(self.reply)
        if "code" not in told:
            raise WarmServerDied(self.stage)
        return int(told["code"])

    def end(self) -> None:
        signal_group(self.group, signal.SIGKILL)
        self.reply.close()
        os.close(self.life)


def receive(reply: socket.socket) -> Mapping[str, Any]:
    """The next message of the server; empty when it is no more."""
    try:
        message = reply.recv(MOST_BYTES)
    except ConnectionResetError:
        message = b""
    told: dict[str, Any] = json.loads(message or b"{}")
    return told
