"""What is read from dvc.lock and .dvc files, and which stages are stale by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.dvc.errors import LockFileUnreadable
from ml_assets.dvc.lockfile import (
    LockedPath,
    combined_version,
    read_dvc_file,
    read_lock,
    read_locks,
    source_hashes,
    stale_stages,
)
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.factories import dvc, write


def test_a_single_outputs_version_is_its_hash_in_dvc_lock(project: DvcProject) -> None:
    dvc("repro", "-q", cwd=project.root)
    locked = read_locks(project.root, project.manifest())
    assert locked["total"].version == locked["total"].outs[0].md5
    assert locked["total"].params == {"params.yaml": {"offset": 1}}


def test_several_outputs_make_one_version_whatever_their_order() -> None:
    one, two = LockedPath("a", "1", 1, None), LockedPath("b", "2", 1, None)
    assert combined_version([one, two]) == combined_version([two, one])
    assert combined_version([one, two]) != combined_version([one, LockedPath("b", "3", 1, None)])


def test_nothing_is_stale_after_repro_and_what_is_below_new_data_is(project: DvcProject) -> None:
    dvc("repro", "-q", cwd=project.root)
    manifest = project.manifest()
    assert stale_stages(manifest, _locks(project), source_hashes(project.root, manifest)) == ()
    write(project.root, {"data/raw/4.txt": "4"})
    dvc("add", "-q", "data/raw/4.txt", cwd=project.root)
    stale = stale_stages(manifest, _locks(project), source_hashes(project.root, manifest))
    assert stale == ("double", "total")


def test_a_stage_that_never_ran_is_stale(project: DvcProject) -> None:
    assert stale_stages(project.manifest(), {}, {}) == ("double", "total")


@pytest.mark.parametrize("text", ["", "stages: [", "- a list"])
def test_a_torn_lock_is_an_error_that_names_it_and_the_remedy(text: str) -> None:
    with pytest.raises(LockFileUnreadable, match=r"some/dvc\.lock.*ml-assets show"):
        read_lock(text, path=Path("some/dvc.lock"))


def test_no_dvc_file_is_no_hash(tmp_path: Path) -> None:
    assert read_dvc_file(tmp_path / "raw.dvc") is None


def _locks(project: DvcProject):  # type: ignore[no-untyped-def]
    return read_locks(project.root, project.manifest())
