"""A checkout in which demos are started as a newcomer starts them, and whose processes are found again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from ml_assets.demo.loopback import free_port
from ml_assets.demo.web_api import WebApi
from ml_assets.ledger.store import Ledger
from ml_assets_tests.factories import BIN, environment, run
from ml_assets_tests.processes import let_children_hear_ctrl_c
from ml_assets_tests.stages.example import clone, commit

# What a test starts carries it in its environment, and so does whatever that starts.
MARK = "ML_ASSETS_TESTED_DEMO"
# Credentials and servers of the person who runs the tests are none of the demo's business.
FOREIGN = ("AWS_", "DAGSTER_", "ML_ASSETS_", "MLFLOW_TRACKING")
NOWHERE = {
    name: "http://127.0.0.1:9"
    for variable in ("http_proxy", "https_proxy", "all_proxy")
    for name in (variable, variable.upper())
}
"""Whoever asks the network is sent to a proxy that is not there."""


@dataclass(frozen=True)
class Checkout:
    """A Git checkout of this working tree, with ports that are its own."""

    root: Path
    ui_port: int = field(default_factory=free_port)
    mlflow_port: int = field(default_factory=free_port)
    s3_port: int = field(default_factory=free_port)
    mark: str = field(default_factory=lambda: uuid4().hex)

    @classmethod
    def make(cls, root: Path) -> Checkout:
        return cls(clone(root))

    @property
    def project(self) -> Path:
        """The clone that the demo works in."""
        return self.root / ".demo" / "project"

    @property
    def s3_data(self) -> Path:
        return self.root / ".demo" / "s3"

    @property
    def ledger(self) -> Ledger:
        return Ledger.open(".ml_assets/ledger", root=self.project)

    @property
    def api(self) -> WebApi:
        return WebApi(self.ui_port)

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Change a file and commit it, so that the demo's clone has it."""
        file = self.root / name
        before = file.read_text(encoding="utf-8")
        after = change(before)
        assert after != before, f"nothing to change in {name}"
        file.write_text(after, encoding="utf-8")
        commit(self.root, f"change {name}")

    def set_landing(self, **settings: int) -> None:
        """Commit settings of [tool.ml_assets.landing]."""
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        table = "[tool.ml_assets.landing]\n"
        self.edit("pyproject.toml", lambda text: text.replace(table, table + lines))

    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in environment().items() if not name.startswith(FOREIGN)}
        return own | NOWHERE | {MARK: self.mark}

    def log(self) -> list[dict[str, Any]]:
        """What `ml-assets log --json` says in the demo's clone."""
        command = (BIN / "ml-assets", "log", "--json", "--limit", "0")
        out = run(*command, cwd=self.project, env=self.environment()).stdout
        return [json.loads(line) for line in out.splitlines()]

    def start(self, *options: str) -> RunningDemo:
        """`ml-assets demo` with `options`, on the checkout's ports."""
        let_children_hear_ctrl_c()
        ports = {"--port": self.ui_port, "--mlflow-port": self.mlflow_port, "--s3-port": self.s3_port}
        own = [part for option, port in ports.items() for part in (option, str(port))]
        command = [str(BIN / "ml-assets"), "demo", *own, *options]
        output = self.root.parent / f"{self.root.name}-{uuid4().hex[:6]}.out"
        with output.open("wb") as stream:
            process = subprocess.Popen(
                command,
                cwd=self.root,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return RunningDemo(self, process, output)

    def processes(self) -> list[psutil.Process]:
        """Everything alive that a demo of this checkout started, directly or not."""
        return [each for each in psutil.process_iter() if self._is_of_a_demo(each)]

    def stages_at_work(self) -> list[psutil.Process]:
        return [each for each in self.processes() if "ml_assets.stages." in " ".join(command_line(each))]

    def run_workers(self) -> list[psutil.Process]:
        """The processes of Dagster's runs, which its code server starts by multiprocessing."""
        return [each for each in self.processes() if "spawn_main" in " ".join(command_line(each))]

    def require_quiet(self, seconds: float = 10) -> None:
        """Fail when something is still alive after `seconds`."""
        try:
            wait_until(lambda: not self.processes(), seconds=seconds, what="the end of all processes")
        except AssertionError as error:
            left = [" ".join(command_line(each))[:200] for each in self.processes()]
            raise AssertionError(f"left running: {left}") from error

    def kill_all(self) -> None:
        """SIGKILL to whatever is alive, again and again until nothing is."""
        while left := self.processes():
            for each in left:
                each.kill()

    def _is_of_a_demo(self, process: psutil.Process) -> bool:
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                return False
            # The embedded S3 gets an environment of its own.
            return process.environ().get(MARK) == self.mark or Path(process.cwd()).is_relative_to(self.root)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False


@dataclass(frozen=True)
class RunningDemo:
    """A started `ml-assets demo` and what it prints."""

    checkout: Checkout
    process: subprocess.Popen[bytes]
    output: Path

    def printed(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_until_ready(self, seconds: float = 180) -> None:
        """Until all servers are up and the demo says so."""
        wait_until(lambda: "Ctrl-C stops everything" in self.printed(), seconds=seconds, what=self._tell)

    def wait(self, seconds: float) -> int:
        """Its exit code; a demo that is late is killed, and a failure."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            self.checkout.kill_all()
            raise AssertionError(f"still running after {seconds:.0f} s: {self._tell()}") from error

    def interrupt(self) -> int:
        """Ctrl-C in its terminal, which reaches its whole process group; its exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.wait(60)

    def _tell(self) -> str:
        logs = sorted((self.checkout.root / ".demo" / "logs").glob("*.log"))
        tails = [f"{log.name}: {log.read_text(errors='replace')[-2000:]}" for log in logs]
        return "\n".join([f"exit code {self.process.poll()}", self.printed()[-4000:], *tails])


def wait_until(done: Callable[[], object], *, seconds: float, what: str | Callable[[], str]) -> None:
    """Ask again and again whether it is done; fail with `what` when it is not in time."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(
                f"waited {seconds:.0f} s in vain for {what if isinstance(what, str) else what()}"
            )
        time.sleep(0.2)


def command_line(process: psutil.Process) -> list[str]:
    """Its words; none when it has ended meanwhile."""
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []
