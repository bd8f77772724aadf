"""The demo's clone follows the checkout's code, and keeps what the demo itself made."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from ml_assets.demo.errors import NoCheckout, NoSpace
from ml_assets.demo.home import DemoHome
from ml_assets_tests.factories import run, write


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    run("git", "init", "-q", "-b", "main", cwd=tmp_path)
    _commit(tmp_path, {"code.py": "old", ".gitignore": "/.demo/\n"})
    return tmp_path


def _commit(root: Path, files: dict[str, str]) -> None:
    write(root, files)
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-qm", "change", cwd=root)


def test_the_clone_has_what_was_committed_last(checkout: Path) -> None:
    home = DemoHome(checkout)
    home.prepare()
    _commit(checkout, {"code.py": "new"})
    write(checkout, {"code.py": "not committed"})

    home.prepare()

    assert (home.project / "code.py").read_text() == "new"
    assert home.has_uncommitted_changes()
    assert run("git", "status", "--porcelain", cwd=checkout).stdout == " M code.py\n"


def test_data_that_the_checkout_tracks_is_not_the_demos(checkout: Path) -> None:
    """Somebody ran `make data`, `dvc repro` and committed, as DVC wants it; the data stays in their cache."""
    _commit(checkout, {"data/raw.dvc": "theirs", "dvc.lock": "theirs", "sub/dvc.lock": "theirs"})
    home = DemoHome(checkout)

    home.prepare()

    assert {path.name for path in home.project.iterdir()} == {".git", ".gitignore", "code.py", "data", "sub"}
    assert not any((home.project / "data").iterdir())


def test_what_the_demo_made_survives_a_start_after_the_checkout_tracked_data(checkout: Path) -> None:
    home = DemoHome(checkout)
    home.prepare()
    write(home.project, {"data/raw.dvc": "ours", "dvc.lock": "ours", "data/raw/1.csv": "1"})
    _commit(checkout, {"data/raw.dvc": "theirs", "dvc.lock": "theirs", "code.py": "new"})

    for _ in range(2):
        home.prepare()

        assert (home.project / "data/raw.dvc").read_text() == "ours"
        assert (home.project / "dvc.lock").read_text() == "ours"
        assert (home.project / "data/raw/1.csv").read_text() == "1"
        assert (home.project / "code.py").read_text() == "new"


def test_without_a_commit_there_is_nothing_to_clone(tmp_path: Path) -> None:
    run("git", "init", "-q", cwd=tmp_path)
    with pytest.raises(NoCheckout, match="that has a commit"):
        DemoHome(tmp_path).prepare()


def test_a_full_disk_is_told_before_anything_is_made(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=20_000_000))
    with pytest.raises(NoSpace, match="20 MB are free"):
        DemoHome(checkout).prepare()
    assert not (checkout / ".demo").exists()
