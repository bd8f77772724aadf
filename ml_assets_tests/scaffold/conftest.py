"""A repository to adopt, made once, and `ml-assets` in this process, which spares its imports each time."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ml_assets import cli
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.factories import GIT_IDENTITY, make_two_stages


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Command = Callable[..., Answer]


@pytest.fixture
def ml_assets(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`ml-assets ARGUMENTS` in the folder `cwd`."""
    for name, value in GIT_IDENTITY.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, cwd: Path) -> Answer:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["ml-assets", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.run()
        printed = capsys.readouterr()
        return Answer(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def _adoptable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_two_stages(tmp_path_factory.mktemp("adoptable") / "numbers")
    DvcProject(root).manifest()  # kept with it, so that no test waits for DVC
    return root


@pytest.fixture
def root(_adoptable: Path, tmp_path: Path) -> Path:
    """Two stages over a tracked folder, a default remote, everything committed; no pyproject.toml."""
    return Path(shutil.copytree(_adoptable, tmp_path / "numbers"))
