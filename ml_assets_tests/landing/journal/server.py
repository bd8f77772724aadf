"""A real PostgreSQL of this machine, for the tests of a session."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "correct-horse-battery"
# It refuses to run as root.
UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class PostgresServer:
    """Listens on loopback; `url` is of its administrator."""

    bin: Path
    data: Path
    port: int

    @property
    def url(self) -> str:
        return self.url_of("postgres", PASSWORD)

    def url_of(self, user: str, password: str, database: str = "postgres") -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.data / "log"), "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "stop")

    def _run(self, name: str, *arguments: str) -> None:
        as_user = {"user": UNPRIVILEGED, "cwd": "/"} if os.getuid() == 0 else {}
        subprocess.run([str(self.bin / name), *arguments], check=True, stdout=subprocess.DEVNULL, **as_user)  # type: ignore[call-overload]


def binaries() -> Path | None:
    """Where `initdb` is: Debian keeps it out of PATH."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


@contextmanager
def running_server(bin_: Path) -> Iterator[PostgresServer]:
    # Not below pytest's own folder, which nobody else may enter.
    with tempfile.TemporaryDirectory(prefix="ml_assets-postgres-") as folder:
        data, secret = Path(folder, "data"), Path(folder, "password")
        secret.write_text(PASSWORD)
        if os.getuid() == 0:
            for path in (Path(folder), secret):
                shutil.chown(path, UNPRIVILEGED)
        server = PostgresServer(bin_, data, _free_port())
        server._run("initdb", "-D", str(data), "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}")
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(
                f"port = {server.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n"
                "fsync = off\n"
            )
        server.start()
        try:
            yield server
        finally:
            server.stop()
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
