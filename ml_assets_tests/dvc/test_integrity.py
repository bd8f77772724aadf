"""Damaged cache objects are found, whatever DVC thinks of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ml_assets.dvc.integrity import cache_intact, corrupt_objects
from ml_assets.dvc.objects import CacheObject, Damage, all_objects, find_damage, objects_of
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets_tests.dvc.damage import corrupt, object_path, output_md5, source_md5
from ml_assets_tests.factories import make_two_stages

ONE = "c4ca4238a0b923820dcc509a6f75849b"  # "1", as in data/raw/1.txt


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> DvcProject:
    """Both stages have run; what a test damages it puts back."""
    project = DvcProject(make_two_stages(tmp_path_factory.mktemp("integrity") / "project"))
    list(run_stages(project, ["double", "total"]))
    return project


def test_a_whole_cache_has_no_damage(project: DvcProject) -> None:
    checked: list[CacheObject] = []
    assert find_damage(all_objects(project.cache_dir()), on_checked=checked.append) == ()
    assert {each.md5 for each in checked} >= {ONE, output_md5(project.root, "double")}
    assert cache_intact(project, "double").passed
    assert cache_intact(project, "double").checked == 1


def test_a_corrupt_object_is_found_though_it_is_read_only(project: DvcProject) -> None:
    path = object_path(project.root, output_md5(project.root, "double"))
    before = path.read_text()
    corrupt(path)
    (damaged,) = find_damage(all_objects(project.cache_dir()))
    assert (damaged.object.path, damaged.damage) == (path, Damage.CORRUPT)
    assert damaged.found == hashlib.md5(b"rotten").hexdigest()  # noqa: S324
    found = cache_intact(project, "double")
    assert not found.passed
    assert found.damaged == (damaged,)
    assert cache_intact(project, "total").passed
    path.chmod(0o644)
    path.write_text(before)
    path.chmod(0o444)


def test_files_of_a_folder_are_looked_at_and_missing_or_unreadable_ones_told(project: DvcProject) -> None:
    raw = source_md5(project.root, "data/raw.dvc")
    assert corrupt_objects(project.root, [raw]) == ()
    path = object_path(project.root, ONE)
    path.unlink()
    assert [each.damage for each in corrupt_objects(project.root, [raw])] == [Damage.MISSING]
    path.mkdir()
    (damaged,) = corrupt_objects(project.root, [raw])
    assert damaged.damage is Damage.UNREADABLE
    assert str(path) in damaged.found
    path.rmdir()
    path.write_text("1")


def test_a_corrupt_listing_is_not_looked_into(project: DvcProject) -> None:
    raw = source_md5(project.root, "data/raw.dvc")
    path = object_path(project.root, raw)
    before = path.read_text()
    corrupt(path)
    (damaged,) = corrupt_objects(project.root, [raw])
    assert damaged.object.md5 == raw
    path.chmod(0o644)
    path.write_text(before)


def test_objects_of_dvc_2_are_found_in_their_layout_and_hashed_by_its_rule(tmp_path: Path) -> None:
    unix = hashlib.md5(b"a\nb\n").hexdigest()  # noqa: S324
    path = tmp_path / unix[:2] / unix[2:]
    path.parent.mkdir()
    path.write_bytes(b"a\r\nb\r\n")
    (found,) = objects_of(tmp_path, [unix])
    assert (found.path, found.legacy) == (path, True)
    assert list(all_objects(tmp_path)) == [found]
    assert find_damage([found]) == ()
    corrupt(path)
    assert len(find_damage([found])) == 1


def test_leftovers_and_run_cache_entries_are_no_objects(tmp_path: Path) -> None:
    for name in ("files/md5/c4/.x1y2.tmp", "runs/ab/abcd/ef01", f"files/md5/{ONE[:2]}/{ONE[2:]}"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    assert [each.md5 for each in all_objects(tmp_path)] == [ONE]
