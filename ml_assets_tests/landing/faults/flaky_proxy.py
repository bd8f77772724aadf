"""A proxy before the embedded S3 that answers some listing requests as a bad day would."""

from __future__ import annotations

import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Fault = Literal["503", "reset", "truncated", "stalled", "expired"]
_ERROR = "<Error><Code>{code}</Code><Message>a bad day</Message></Error>"
STALL_SECONDS = 3


@dataclass
class FlakyProxy:
    """`faults` says by number, from 1, how listing requests go wrong; each page has `page` keys at most."""

    upstream: str
    page: int = 2
    faults: dict[int, Fault] = field(default_factory=dict)
    listed: int = 0
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path
        fault: Fault | None = None
        if "list-type=2" in path:
            self.listed += 1
            fault = self.faults.get(self.listed)
            path = f"{path}&max-keys={self.page}"
        status, body = self._ask(path)
        match fault:
            case "503":
                status, body = 503, _ERROR.format(code="SlowDown").encode()
            case "expired":
                status, body = 403, _ERROR.format(code="ExpiredToken").encode()
            case "truncated":
                body = body[: len(body) // 2]
            case "stalled":
                time.sleep(STALL_SECONDS)
            case "reset":
                linger = struct.pack("ii", 1, 0)
                handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                handler.connection.close()
                return
            case None:
                pass
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _ask(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(f"{self.upstream}{path}") as answer:  # noqa: S310 - our own server
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@contextmanager
def flaky_proxy(upstream: str, faults: dict[int, Fault]) -> Iterator[FlakyProxy]:
    proxy = FlakyProxy(upstream, faults=faults)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                proxy.answer(self)
            except (BrokenPipeError, ConnectionResetError):
                # The client has given up waiting, as it should.
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
