"""A throw-away clone of the checkout, in which commands run as `make` would start them, and are timed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import NoCheckout, RunFailed

CHECKOUT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
SHOWN_LINES = 30
# As in the Makefile.
QUIET = {"DO_NOT_TRACK": "1", "DVC_NO_ANALYTICS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
# What somebody's shell may say of another bucket, store or interpreter must not reach a clone.
FOREIGN = ("AWS_", "DAGSTER_", "DVC_", "ML_ASSETS_", "MLFLOW_", "PYTHON")


@dataclass(frozen=True)
class Clone:
    """A clone at `root`; `env` is the whole environment of what runs in it."""

    root: Path
    env: Mapping[str, str]

    @classmethod
    def make(cls, root: Path, **extra: str) -> Clone:
        """Clone the checkout's HEAD to `root`, with a Dagster home and DVC's databases of its own beside it.

        `extra` are more variables of its environment. Raises NoCheckout.
        """
        _git("clone", "--quiet", str(CHECKOUT), str(root))
        home = root.with_name(f"{root.name}-dagster")
        home.mkdir()
        settings = (root / "ml_assets/demo/dagster.yaml").read_bytes()
        (home / "dagster.yaml").write_bytes(settings)
        # DVC's would stay in /var/tmp for good.
        own = {"DAGSTER_HOME": str(home), "DVC_SITE_CACHE_DIR": str(root.with_name(f"{root.name}-dvc"))}
        return cls(root, environment(root) | own | extra)

    @contextmanager
    def running(self, *command: str) -> Iterator[Process]:
        """A command in the clone; if it still runs at the end, it is killed with all that it started.

        Its output goes to a file, not through a pipe that we would have to read meanwhile.
        """
        log = self.root.with_name(f"{self.root.name}.log")
        with log.open("wb") as stream:
            process = subprocess.Popen(
                command,
                cwd=self.root,
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield Process(command, process, self.root, log)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def run(self, *command: str) -> None:
        """Run a command to its end. Raises RunFailed."""
        with self.running(*command) as process:
            process.finish()

    def seconds(self, *command: str) -> float:
        """Wall time of a command from its start to its end, in seconds. Raises RunFailed."""
        started = time.perf_counter()
        self.run(*command)
        return time.perf_counter() - started


@dataclass(frozen=True)
class Process:
    """A command that runs in a clone."""

    command: tuple[str, ...]
    popen: subprocess.Popen[bytes]
    root: Path
    log: Path

    @property
    def ended(self) -> bool:
        return self.popen.poll() is not None

    def finish(self) -> None:
        """Wait for its end. Raises RunFailed, with the end of its output."""
        if code := self.popen.wait():
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
            raise RunFailed(self.command, code=code, root=self.root, log="\n".join(lines[-SHOWN_LINES:]))


def environment(root: Path) -> dict[str, str]:
    """What `make` gives to a command, with the package of the clone at `root` before the installed one."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return own | QUIET | {"PATH": f"{BIN}{os.pathsep}{own.get('PATH', os.defpath)}", "PYTHONPATH": str(root)}


def has_uncommitted_changes() -> bool:
    """Whether the checkout differs from the HEAD that is cloned. Raises NoCheckout."""
    return bool(_git("-C", str(CHECKOUT), "status", "--porcelain", "--untracked-files=no"))


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoCheckout(root=CHECKOUT, cause=done.stderr.strip())
    return done.stdout
