"""Stages that nobody touched are known without DVC, and whatever was touched is asked of DVC."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ml_assets.dvc.code_state import stage_code
from ml_assets.dvc.events import Outcome, StageFinished
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets.dvc.unchanged import LastLook
from ml_assets_tests.factories import make_two_stages, write

ALL = ("double", "total")


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has run, and was found up to date once."""
    root = make_two_stages(tmp_path_factory.mktemp("looked-at") / "project")
    assert outcomes(root) == {"double": Outcome.RAN, "total": Outcome.RAN}
    assert outcomes(root) == dict.fromkeys(ALL, Outcome.UNCHANGED)
    return root


def outcomes(root: Path) -> dict[str, Outcome]:
    events = run_stages(DvcProject(root), ALL)
    return {event.stage: event.outcome for event in events if isinstance(event, StageFinished)}


def known(root: Path) -> set[str]:
    project = DvcProject(root).pinned()
    stages = project.manifest().stages
    codes = {stage.name: stage_code(project, stage) for stage in stages}
    return LastLook.read(project).unchanged(stages, codes)


def test_an_unchanged_run_does_not_even_import_dvc(looked_at: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from ml_assets.dvc.project import DvcProject; "
        "from ml_assets.dvc.runner import run_stages; "
        f"found = list(run_stages(DvcProject(Path({str(looked_at)!r})), {ALL!r})); "
        "print(len(found), 'dvc' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "False"]


def _object(root: Path) -> Path:
    return next(
        path
        for path in (root / ".dvc/cache/files/md5").rglob("*")
        if path.is_file() and path.read_bytes() == b"2\n4\n6\n"
    )


def _same_size(path: Path) -> None:
    path.write_text(path.read_text().replace("1", "7"))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a dependency of the same size": lambda root: _same_size(root / "data/raw/1.txt"),
    "a file more in a folder": lambda root: write(root, {"data/raw/4.txt": "4"}),
    "a file less in a folder": lambda root: (root / "data/raw/3.txt").unlink(),
    "an output": lambda root: (root / "data/double.txt").write_text("0\n"),
    "a deleted output": lambda root: (root / "data/double.txt").unlink(),
    "a deleted cache object": lambda root: _object(root).unlink(),
    "the code": lambda root: write(root, {"double.py": (root / "double.py").read_text() + "# more\n"}),
    "the command": lambda root: write(
        root, {"dvc.yaml": (root / "dvc.yaml").read_text().replace("double.py\n", "-u double.py\n", 1)}
    ),
    "the lock": lambda root: write(
        root, {"dvc.lock": (root / "dvc.lock").read_text().replace("md5: ", "md5: 0", 1)}
    ),
    "what DVC ignores": lambda root: write(root, {".dvcignore": "3.txt\n"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changed_is_asked_of_dvc(looked_at: Path, tmp_path: Path, change: str) -> None:
    # A copy has other inodes, and so what was known must be found anew first.
    root = Path(shutil.copytree(looked_at, tmp_path / "project", symlinks=True))
    assert known(root) == set()
    assert outcomes(root) == dict.fromkeys(ALL, Outcome.UNCHANGED)
    assert known(root) == set(ALL)
    CHANGES[change](root)
    assert "double" not in known(root)


def test_a_param_concerns_the_stages_that_declare_it(looked_at: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(looked_at, tmp_path / "project", symlinks=True))
    outcomes(root)
    write(root, {"params.yaml": "offset: 1\nunread: 2\n"})
    assert known(root) == set(ALL)
    write(root, {"params.yaml": "offset: 2\n"})
    assert known(root) == {"double"}
    assert outcomes(root) == {"double": Outcome.UNCHANGED, "total": Outcome.RAN}


def test_a_touched_file_is_hashed_again_and_nothing_runs(looked_at: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(looked_at, tmp_path / "project", symlinks=True))
    outcomes(root)
    (root / "double.py").touch()
    assert "double" not in known(root)
    assert outcomes(root) == dict.fromkeys(ALL, Outcome.UNCHANGED)
    assert known(root) == set(ALL)


def test_a_link_to_a_folder_is_left_to_dvc(looked_at: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(looked_at, tmp_path / "project", symlinks=True))
    (root / "elsewhere").mkdir()
    outcomes(root)
    (root / "data/raw/again").symlink_to(root / "elsewhere")
    assert "double" not in known(root)
    (root / "data/raw/again").unlink()
    assert outcomes(root) == dict.fromkeys(ALL, Outcome.UNCHANGED)


def test_a_stage_below_a_changed_one_is_not_taken_for_done(looked_at: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(looked_at, tmp_path / "project", symlinks=True))
    outcomes(root)
    _same_size(root / "data/raw/1.txt")
    assert outcomes(root) == {"double": Outcome.RAN, "total": Outcome.RAN}
