"""Ports of this machine: which are free, and whether somebody answers there."""

from __future__ import annotations

import http.client
import socket

from ml_assets.demo.errors import PortTaken

HOST = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def require_free(port: int, *, what: str, choose: str) -> None:
    """Raises PortTaken, which names `what` needed the port and `choose`, the option that sets another."""
    with socket.socket() as probe:
        # Connections of a server just stopped linger in TIME_WAIT, and are no reason to refuse.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortTaken(port=port, what=what, choose=choose) from error


def answers(port: int, path: str) -> bool:
    """Whether a GET of `path` is answered with 200."""
    # http.client, since urllib would ask a configured proxy for our own machine.
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
