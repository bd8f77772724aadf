"""Where the demo lives: `.demo` with a clone of the project, its stores and its logs, ignored by git."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ml_assets.demo.errors import NoCheckout, NoSpace

DAGSTER_YAML = Path(__file__).with_name("dagster.yaml")
# `--once` leaves 70 MB; each further day adds 2 MB or so.
NEEDED_BYTES = 500_000_000
DATA_STATE = ("*.dvc", "dvc.lock", "**/dvc.lock")


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

        A clone in which somebody has edited or committed something stays as it is: see `has_own_work`.

        Raises:
            NoCheckout: git cannot clone the checkout.
            NoSpace: the disk is nearly full.
        """
        self._require_space()
        for folder in (self.s3, self.logs, self.dagster_home):
            folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(DAGSTER_YAML, self.dagster_home / "dagster.yaml")
        self._git("-C", str(self.root), "rev-parse", "--verify", "HEAD")
        with self._own_data_state():
            if self._is_cloned():
                self._bring_up_to_date()
            else:
                self._git("clone", "--quiet", str(self.root), str(self.project))
                self._mark.write_text(self._commit(), encoding="utf-8")

    def has_own_work(self) -> bool:
        """Whether the clone holds edits or commits that are not the demo's own doing."""
        edited = self._git("-C", str(self.project), "status", "--porcelain", "--untracked-files=no")
        files = [line[3:] for line in edited.splitlines()]
        by_hand = [name for name in files if Path(name).name != "dvc.lock" and not name.endswith(".dvc")]
        marked = self._mark.read_text(encoding="utf-8") if self._mark.exists() else self._commit()
        return bool(by_hand) or self._commit() != marked

    def _bring_up_to_date(self) -> None:
        if self.has_own_work():
            return
        self._git("-C", str(self.project), "fetch", "--quiet", "origin", "HEAD")
        self._git("-C", str(self.project), "reset", "--quiet", "--hard", "FETCH_HEAD")
        self._mark.write_text(self._commit(), encoding="utf-8")

    @property
    def _mark(self) -> Path:
        """Names the commit that the demo itself left the clone at."""
        return self.project / ".git" / "ml_assets_demo"

    def _commit(self) -> str:
        return self._git("-C", str(self.project), "rev-parse", "HEAD").strip()

    def _require_space(self) -> None:
        free = shutil.disk_usage(self.root).free
        if free < NEEDED_BYTES:
            raise NoSpace(folder=self.folder, free=free, needed=NEEDED_BYTES)

    def _is_cloned(self) -> bool:
        return (self.project / ".git").exists()

    @contextmanager
    def _own_data_state(self) -> Iterator[None]:
        """Keep dvc.lock and the .dvc files as the demo left them: the checkout's name data that it lacks."""
        before = {path: path.read_bytes() for path in self._data_state()}
        yield
        for path in self._data_state():
            if path not in before:
                path.unlink()
        for path, content in before.items():
            path.write_bytes(content)

    def _data_state(self) -> list[Path]:
        if not self._is_cloned():
            return []
        listing = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *DATA_STATE)
        names = self._git("-C", str(self.project), *listing).split("\0")
        return [self.project / name for name in names if name and (self.project / name).is_file()]

    def has_uncommitted_changes(self) -> bool:
        """Whether the checkout differs from the HEAD that the demo runs."""
        return bool(self._git("-C", str(self.root), "status", "--porcelain", "--untracked-files=no"))

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoCheckout(root=self.root, cause=done.stderr.strip())
        return done.stdout
