"""What the checks look at: a project with its settings, pipeline, Git and environment, each read once."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml

from ml_assets.dvc.manifest import Manifest
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.yaml12 import Loader
from ml_assets.settings import Settings

T = TypeVar("T")
Progress = Callable[[int, int], None]
_NO_CONFIG: Mapping[str, Any] = {"core": {}, "cache": {}, "remote": {}}


@dataclass
class Site:
    """The DVC project at `root`; what cannot be read is empty here, and told by the check `project`.

    Checks that take long tell `on_progress` how many things of how many they have seen, from any thread.
    """

    root: Path
    environ: Mapping[str, str]
    on_progress: Progress = lambda *_: None
    problems: dict[str, Exception] = field(default_factory=dict)

    @classmethod
    def at(cls, root: Path) -> Site:
        """The project at `root` in the environment of this process."""
        return cls(root, dict(os.environ))

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """DVC's merged configuration, by section."""
        from ml_assets.dvc._internals.repo import configuration

        return self._read("DVC's configuration", lambda: configuration(self.root), default=_NO_CONFIG)

    @cached_property
    def settings(self) -> Settings:
        return self._read("settings", lambda: Settings.load(self.root), default=Settings(root=self.root))

    @cached_property
    def manifest(self) -> Manifest:
        return self._read("pipeline", DvcProject(self.root).manifest, default=Manifest((), ()))

    @cached_property
    def cache_dir(self) -> Path:
        """Where DVC keeps its objects; the folder need not exist yet."""
        return self.root / (self.config["cache"].get("dir") or ".dvc/cache")

    @cached_property
    def remote(self) -> str | None:
        """Name of the remote that pushes go to, be it configured or not; None: nothing is pushed."""
        if self.settings.remote == "":
            return None
        return self.settings.remote or self.config["core"].get("remote")

    @cached_property
    def remote_config(self) -> Mapping[str, Any]:
        """The section of that remote; empty where there is none."""
        found: Mapping[str, Any] = self.config["remote"].get(self.remote, {})
        return found

    @property
    def dagster_home(self) -> Path | None:
        home = self.environ.get("DAGSTER_HOME")
        return Path(home) if home else None

    @property
    def dagster_file(self) -> Path:
        """Where Dagster looks for its settings; without a DAGSTER_HOME, where it is started."""
        return (self.dagster_home or self.root) / "dagster.yaml"

    @cached_property
    def dagster_yaml(self) -> Mapping[str, Any]:
        """Settings of Dagster's instance; empty without a readable file."""
        file = self.dagster_file
        if not file.is_file():
            return {}
        text = file.read_text(encoding="utf-8")
        read: Any = self._read(str(file), lambda: yaml.load(text, Loader), default=None)  # noqa: S506 - safe
        return read if isinstance(read, Mapping) else {}

    @cached_property
    def in_git(self) -> bool:
        return self.git("rev-parse", "--git-dir") is not None

    def git(self, *arguments: str) -> str | None:
        """What a Git command prints; None where it fails, as outside of Git, or is not installed."""
        environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        try:
            done = subprocess.run(
                ["git", *arguments], cwd=self.root, env=environment, capture_output=True, check=False
            )
        except OSError:
            return None
        return done.stdout.decode(errors="replace") if done.returncode == 0 else None

    def flag(self, name: str) -> bool:
        """Whether a variable of the environment says yes."""
        return self.environ.get(name, "").strip().lower() in {"1", "true", "yes", "on"}

    def _read(self, what: str, read: Callable[[], T], *, default: T) -> T:
        try:
            return read()
        except Exception as error:  # noqa: BLE001 - told as a finding, and the other checks go on
            self.problems[what] = error
            return default
