"""A push reads what it would upload: nothing damaged leaves, and the error's own command mends it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from ml_assets.dvc import objects
from ml_assets.dvc.errors import CacheDamaged
from ml_assets.dvc.objects import CacheObject, Damaged
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.remote import push
from ml_assets.dvc.runner import run_stages
from ml_assets_tests.dvc.damage import corrupt, object_path, output_md5, source_md5
from ml_assets_tests.factories import dvc, make_two_stages, run

ONE = "c4ca4238a0b923820dcc509a6f75849b"  # "1", as in data/raw/1.txt
ALL = ["data/raw.dvc", "double", "total"]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_two_stages(tmp_path_factory.mktemp("template") / "project")
    list(run_stages(DvcProject(root), ["double", "total"]))
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    """A project whose stages have run and whose remote is empty."""
    return Path(shutil.copytree(template, tmp_path / "project", symlinks=True))


def remote_files(root: Path) -> dict[str, str]:
    """Hash → content of what is on the remote."""
    store = root.parent / "project-remote" / "files" / "md5"
    return {path.parent.name + path.name: path.read_text() for path in store.glob("*/*")}


def mend(root: Path, error: CacheDamaged) -> str:
    """Do what the error says, as a person would; returns the command."""
    found = re.search(r"in the project's folder: `(.*)`, and run again", str(error))
    assert found is not None
    run("sh", "-c", found.group(1), cwd=root)
    return found.group(1)


def refused(root: Path) -> CacheDamaged:
    with pytest.raises(CacheDamaged) as caught:
        push(root, ALL, remote=None)
    return caught.value


def test_a_corrupt_output_is_not_pushed_but_named_with_its_stage_and_mended(root: Path) -> None:
    md5 = output_md5(root, "double")
    path = corrupt(object_path(root, md5))
    error = refused(root)
    assert f"corrupt: '{path}', 'data/double.txt' of stage 'double'" in str(error)
    assert remote_files(root) == {}
    assert mend(root, error) == f"rm -f {path} && dvc commit -q double"
    assert push(root, ALL, remote=None) == 6
    assert remote_files(root)[md5] == "2\n4\n6\n"


def test_plain_dvc_pushes_the_corrupt_bytes(root: Path) -> None:
    """The control of the test above; `dvc repro -f` does not mend it either."""
    md5 = output_md5(root, "double")
    corrupt(object_path(root, md5))
    dvc("repro", "-q", "-f", "double", cwd=root)
    dvc("push", "-q", cwd=root)
    assert remote_files(root)[md5] == "rotten"


def test_where_the_workspace_is_wrong_too_the_stage_is_run_again(root: Path) -> None:
    md5 = output_md5(root, "double")
    path = corrupt(object_path(root, md5))
    shutil.copy(path, root / "data/double.txt")
    assert mend(root, refused(root)) == f"rm -f {path} && dvc repro double"
    push(root, ALL, remote=None)
    assert remote_files(root)[md5] == "2\n4\n6\n"


def test_an_object_that_dvc_deletes_as_corrupt_is_not_silently_left_out(root: Path) -> None:
    """DVC removes corrupt objects that are writable, warns, and calls the push a success."""
    md5 = output_md5(root, "double")
    path = corrupt(object_path(root, md5), mode=0o644)
    error = refused(root)
    assert f"missing: '{path}', 'data/double.txt' of stage 'double'" in str(error)
    assert mend(root, error) == "dvc commit -q double"
    push(root, ALL, remote=None)
    assert remote_files(root)[md5] == "2\n4\n6\n"


def test_plain_dvc_pushes_without_it_and_succeeds(root: Path) -> None:
    """The control of the test above."""
    md5 = output_md5(root, "double")
    corrupt(object_path(root, md5), mode=0o644)
    dvc("push", "-q", cwd=root)
    assert len(remote_files(root)) == 5
    assert md5 not in remote_files(root)


def test_what_is_nowhere_and_was_never_here_does_not_stop_a_push(root: Path) -> None:
    """As in a clone whose dvc.lock names outputs that nobody pushed."""
    object_path(root, output_md5(root, "double")).unlink()
    (root / "data/double.txt").unlink()
    assert push(root, ALL, remote=None) == 5


def test_a_corrupt_file_of_a_tracked_folder_is_named_by_its_own_path_and_mended(root: Path) -> None:
    path = corrupt(object_path(root, ONE))
    error = refused(root)
    assert f"corrupt: '{path}', 'data/raw/1.txt' of 'data/raw.dvc'" in str(error)
    assert mend(root, error) == f"rm -f {path} && dvc commit -q data/raw.dvc"
    push(root, ALL, remote=None)
    assert remote_files(root)[ONE] == "1"


def test_a_corrupt_listing_is_refused_and_mended(root: Path) -> None:
    md5 = source_md5(root, "data/raw.dvc")
    path = object_path(root, md5)
    before = path.read_text()
    corrupt(path)
    mend(root, refused(root))
    push(root, ALL, remote=None)
    assert remote_files(root)[md5] == before


def test_what_the_remote_has_is_not_read_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = objects.examine

    def examine(each: CacheObject) -> Damaged | None:
        read.append(each.md5)
        return original(each)

    monkeypatch.setattr(objects, "examine", examine)
    assert push(root, ["data/raw.dvc"], remote=None) == 4
    assert len(read) == 4
    read.clear()
    assert push(root, ["data/raw.dvc"], remote=None) == 0
    assert read == []
    assert push(root, ["data/raw.dvc", "double"], remote=None) == 1
    assert read == [output_md5(root, "double")]
