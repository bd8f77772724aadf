"""Dagster's web server over a project, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml_assets.demo.loopback import HOST, free_port
from ml_assets.demo.servers import Server
from ml_assets.demo.web_api import WebApi
from ml_assets_tests.factories import BIN, environment


@contextmanager
def web_server(project: Path, home: Path, *options: str) -> Iterator[WebApi]:
    """The GraphQL of a server that has loaded all definitions; `options` say where these are."""
    port = free_port()
    command = [str(BIN / "dagster-webserver"), "--host", HOST, "--port", str(port), *options]
    server = Server("Dagster", command, port, "/server_info", home / "web.log")
    server.start(cwd=project, env=environment(DAGSTER_HOME=str(home)))
    try:
        server.wait_until_ready()
        api = WebApi(port)
        api.require_definitions()
        yield api
    finally:
        server.stop()
