"""A tracked folder grows file by file, and goes back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ml_assets.dvc.errors import RemoteUnknown, TransferFailed
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.remotes import remote_url, without_credentials
from ml_assets.dvc.tracked import TrackedFolder
from ml_assets_tests.factories import dvc, run, write


@pytest.fixture
def raw(project: DvcProject) -> TrackedFolder:
    return TrackedFolder(project.root, "data/raw")


def add(raw: TrackedFolder, **files: str) -> None:
    write(raw.path, {f"{name}.txt": text for name, text in files.items()})
    raw.add([raw.path / f"{name}.txt" for name in files])


def test_a_granular_add_gives_the_hash_of_adding_the_whole_folder(
    raw: TrackedFolder, project: DvcProject
) -> None:
    add(raw, four="4")
    granular = raw.md5()
    dvc("add", "-q", "data/raw", cwd=project.root)
    assert raw.md5() == granular


def test_the_first_add_tracks_the_folder_and_not_its_files(project: DvcProject) -> None:
    fresh = TrackedFolder(project.root, "data/other")
    assert (fresh.text(), fresh.md5()) == (None, None)
    write(fresh.path, {"sub/1.txt": "1"})
    fresh.add([fresh.path / "sub/1.txt"])
    assert fresh.dvc_file.exists()
    assert not (fresh.path / "sub/1.txt.dvc").exists()


def test_restore_makes_the_folder_what_an_earlier_text_said(raw: TrackedFolder) -> None:
    before = raw.text()
    add(raw, four="4", one="changed")
    write(raw.path, {"stray.txt": "never added"})
    raw.restore(before)
    assert raw.text() == before
    assert sorted(path.name for path in raw.path.iterdir()) == ["1.txt", "2.txt", "3.txt"]


def test_make_whole_pulls_what_this_machine_does_not_have(
    raw: TrackedFolder, project: DvcProject, tmp_path: Path
) -> None:
    assert raw.push(None) == 4
    assert raw.push(None) == 0
    clone = tmp_path / "clone"
    run("git", "clone", "-q", str(project.root), str(clone), cwd=tmp_path)
    there = TrackedFolder(clone, "data/raw")
    there.make_whole(None)
    assert (there.path / "3.txt").read_text() == "3"


def test_what_is_nowhere_is_an_error_that_names_the_remote(raw: TrackedFolder, project: DvcProject) -> None:
    shutil.rmtree(project.root / ".dvc" / "cache")
    shutil.rmtree(raw.path)
    with pytest.raises(TransferFailed, match="dvc pull"):
        raw.make_whole(None)


def test_an_unreachable_remote_is_an_error_that_names_it(raw: TrackedFolder, project: DvcProject) -> None:
    dvc("remote", "add", "broken", "/proc/nowhere/at-all", cwd=project.root)
    with pytest.raises(TransferFailed, match="broken"):
        raw.push("broken")


def test_a_remotes_url_is_shown_without_credentials(project: DvcProject) -> None:
    dvc("remote", "add", "web", "https://user:secret@example.com/store?token=x", cwd=project.root)
    assert remote_url(project.root, "web") == "https://example.com/store"
    assert str(remote_url(project.root, None)).endswith("-remote")
    assert remote_url(project.root, "") is None
    assert without_credentials("s3://bucket/prefix") == "s3://bucket/prefix"


def test_a_remote_that_nobody_configured_is_an_error_that_names_those_that_are(project: DvcProject) -> None:
    with pytest.raises(RemoteUnknown, match=r"'sotre'.*store"):
        remote_url(project.root, "sotre")


def test_without_a_default_there_is_no_remote(project: DvcProject) -> None:
    dvc("remote", "default", "-u", cwd=project.root)
    assert remote_url(project.root, None) is None
