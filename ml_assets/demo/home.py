"""Where the demo lives: `.demo` with a clone of the project, its stores and its logs, ignored by git."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ml_assets.demo.errors import NoCheckout

DAGSTER_YAML = Path(__file__).with_name("dagster.yaml")


@dataclass(frozen=True)
class DemoHome:
    """Folders of the demo of the checkout at `root`."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / ".demo"

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def s3(self) -> Path:
        return self.folder / "s3"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def dagster_home(self) -> Path:
        return self.folder / "dagster"

    def prepare(self) -> None:
        """Clone the checkout's HEAD, or bring an older clone up to it; what the demo made there stays.

        Raises:
            NoCheckout: git cannot clone the checkout.
        """
        for folder in (self.s3, self.logs, self.dagster_home):
            folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(DAGSTER_YAML, self.dagster_home / "dagster.yaml")
        if (self.project / ".git").exists():
            self._git("-C", str(self.project), "fetch", "--quiet", "origin", "HEAD")
            self._git("-C", str(self.project), "reset", "--quiet", "--hard", "FETCH_HEAD")
        else:
            self._git("clone", "--quiet", str(self.root), str(self.project))

    def has_uncommitted_changes(self) -> bool:
        """Whether the checkout differs from the HEAD that the demo runs."""
        return bool(self._git("-C", str(self.root), "status", "--porcelain", "--untracked-files=no"))

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoCheckout(root=self.root, cause=done.stderr.strip())
        return done.stdout
