"""A tracked folder grows file by file, and goes back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ml_assets.dvc._internals import transfers
from ml_assets.dvc.errors import CacheDamaged, RemoteUnknown, TransferFailed
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


def count(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[tuple[Any, ...]]:
    """The arguments of each call of a function from now on."""
    calls: list[tuple[Any, ...]] = []
    really = getattr(owner, name)

    def call(*arguments: Any, **named: Any) -> Any:
        calls.append(arguments)
        return really(*arguments, **named)

    monkeypatch.setattr(owner, name, call)
    return calls


def test_a_granular_add_gives_the_hash_of_adding_the_whole_folder(
    raw: TrackedFolder, project: DvcProject
) -> None:
    add(raw, four="4")
    granular = raw.md5()
    dvc("add", "-q", "data/raw", cwd=project.root)
    assert raw.md5() == granular


def test_files_that_are_gone_leave_the_listing_as_an_add_of_the_whole_folder_would(
    raw: TrackedFolder, project: DvcProject
) -> None:
    (raw.path / "2.txt").unlink()
    write(raw.path, {"sub/5.txt": "5"})
    raw.add([raw.path / "sub/5.txt"], gone=[raw.path / "2.txt"])
    granular = raw.md5()
    dvc("add", "-q", "data/raw", cwd=project.root)
    assert raw.md5() == granular


def test_the_listing_is_read_once_for_however_many_files(
    raw: TrackedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = f"{(raw.md5() or '')[2:]}"
    reads = count(monkeypatch, Path, "read_bytes")
    add(raw, four="4", five="5", six="6")
    assert len([path for (path,) in reads if path.name == listing]) == 1


def test_what_the_earlier_listing_names_is_not_asked_for_again(
    raw: TrackedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(raw, **{f"file-{number}": str(number) for number in range(50)})
    raw.push(None)
    before = raw.text()
    add(raw, new="new")
    asked = count(monkeypatch, transfers, "_original_compare_status")

    assert raw.push(None, since=before) == 2
    assert sum(len(hashes) for _, _, hashes in asked) < 10

    # The control: DVC's own push.
    asked.clear()
    raw.push(None)
    assert sum(len(hashes) for _, _, hashes in asked) >= 50


def test_a_new_file_that_is_damaged_in_the_cache_is_not_pushed(raw: TrackedFolder) -> None:
    raw.push(None)
    before = raw.text()
    add(raw, four="4")
    stored = raw.root / ".dvc/cache/files/md5/a8/7ff679a2f3e71d9181a67b7542122c"
    stored.chmod(0o644)
    stored.write_text("damaged")

    with pytest.raises(CacheDamaged):
        raw.push(None, since=before)


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
