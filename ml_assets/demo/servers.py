"""The demo's servers: started together, watched, and all stopped, also when the demo is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from ml_assets.demo.errors import ServerFailed
from ml_assets.demo.home import DemoHome
from ml_assets.demo.loopback import HOST, answers
from ml_assets.demo.web_api import WebApi
from ml_assets.dvc.process_group import end_group, start_watched

START_SECONDS = 90.0
STOP_SECONDS = 15.0
BIN = Path(sys.executable).parent
# MLflow would start nine more processes to judge language models.
NO_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


@dataclass
class Server:
    """One process with its log; it is ready when `path` at `port` answers."""

    name: str
    command: Sequence[str]
    port: int
    path: str
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, cwd: Path, env: Mapping[str, str]) -> None:
        with self.log.open("wb") as log:
            self.process = start_watched(self.command, cwd=cwd, env=env, stdout=log)

    def check(self) -> None:
        """Raises ServerFailed when the process has ended."""
        if self.process is not None and self.process.poll() is not None:
            raise ServerFailed(name=self.name, what=f"ended with {self.process.returncode}", log=self.log)

    def wait_until_ready(self) -> None:
        """Raises ServerFailed when it ends first, or does not answer in time."""
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.port, self.path):
            self.check()
            if time.monotonic() > deadline:
                raise ServerFailed(
                    name=self.name, what=f"did not answer within {START_SECONDS:.0f} s", log=self.log
                )
            time.sleep(0.2)

    def stop(self) -> None:
        """Ask it to end, wait, and kill what is left of its process group."""
        process, self.process = self.process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            end_group(process)
            process.wait()
        else:
            end_group(process)


@dataclass
class Servers:
    """Dagster's web server and daemon, and MLflow's pages, over the demo's project; a context manager."""

    home: DemoHome
    env: Mapping[str, str]
    ui_port: int
    mlflow_port: int
    running: list[Server] = field(default_factory=list)

    @property
    def ui_url(self) -> str:
        return f"http://{HOST}:{self.ui_port}"

    @property
    def mlflow_url(self) -> str:
        return f"http://{HOST}:{self.mlflow_port}"

    def __enter__(self) -> Self:
        try:
            for server in (self._dagster(), self._mlflow()):
                server.start(cwd=self.home.project, env=os.environ | NO_JOBS | dict(self.env))
                self.running.append(server)
            for server in self.running:
                server.wait_until_ready()
            WebApi(self.ui_port).require_definitions()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def check(self) -> None:
        """Raises ServerFailed when one has ended."""
        for server in self.running:
            server.check()

    def _stop(self) -> None:
        for server in reversed(self.running):
            server.stop()

    def _dagster(self) -> Server:
        command = [str(BIN / "dagster"), "dev", "--host", HOST, "--port", str(self.ui_port)]
        log = self.home.logs / "dagster.log"
        return Server("Dagster", command, self.ui_port, "/server_info", log)

    def _mlflow(self) -> Server:
        store = self.env["MLFLOW_TRACKING_URI"]
        options = ["--backend-store-uri", store, "--host", HOST, "--port", str(self.mlflow_port)]
        command = [str(BIN / "mlflow"), "server", "--workers", "1", *options]
        log = self.home.logs / "mlflow.log"
        return Server("MLflow", command, self.mlflow_port, "/health", log)
