"""A folder that is too much for one listing is divided, and DVC knows it as before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from ml_assets.dvc._internals.folder import Survey
from ml_assets.dvc.lockfile import LockedPath, read_source
from ml_assets.dvc.parts import divide, divided_folders, listing_hash
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.tracked import TrackedFolder
from ml_assets_tests.factories import dvc, make_project, run, write

STAGE = """\
stages:
  count:
    cmd: find data/raw -type f | sort > files.txt
    deps: [data/raw]
    outs: [files.txt]
"""
FILES = {"a/1": "a1", "a/2": "a2", "b/x/1": "bx1", "b/x/2": "bx2", "b/y/1": "by1", "note": "n"}


@pytest.fixture
def raw(tmp_path: Path) -> TrackedFolder:
    """Six files in one listing; the stage that reads them has run, and all is on the remote."""
    files = {f"data/raw/{path}": text for path, text in FILES.items()}
    root = make_project(tmp_path / "project", {"dvc.yaml": STAGE})
    write(root, files)
    tracked = TrackedFolder(root, "data/raw")
    tracked.add([])
    dvc("repro", "-q", cwd=root)
    dvc("push", "-q", cwd=root)
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-qm", "one listing", cwd=root)
    return tracked


def small(raw: TrackedFolder, most: int = 3) -> TrackedFolder:
    return TrackedFolder(raw.root, raw.relative, max_files=most)


def land(raw: TrackedFolder, **files: str) -> None:
    named = {path.replace("__", "/"): text for path, text in files.items()}
    write(raw.path, named)
    raw.add([raw.path / name for name in named])


def paths(raw: TrackedFolder) -> list[str]:
    return sorted(out["path"] for out in yaml.safe_load(raw.text() or "")["outs"])


def objects(raw: TrackedFolder) -> dict[str, float]:
    store = raw.root.parent / "project-remote"
    return {str(path): path.stat().st_mtime_ns for path in store.rglob("*") if path.is_file()}


def test_a_folder_is_divided_by_its_folders_and_the_large_one_of_them_by_its_own() -> None:
    files = dict.fromkeys(FILES, "md5")
    assert list(divide(files, most=6)) == [""]
    assert sorted(divide(files, most=5)) == ["a", "b", "note"]
    assert sorted(divide(files, most=2)) == ["a", "b/x", "b/y", "note"]
    assert sorted(divide(files, most=1)) == ["a", "b/x", "b/y", "note"]


def test_what_was_divided_once_stays_so_when_files_go() -> None:
    files = dict.fromkeys(FILES, "md5")
    divided = divided_folders(divide(files, most=2))
    assert divided == {"", "b"}
    assert sorted(divide(files, most=100, divided=divided)) == ["a", "b/x", "b/y", "note"]


def test_many_files_beside_folders_are_not_tracked_one_by_one() -> None:
    files = {"a/1": "md5", **{f"loose-{number}": "md5" for number in range(101)}}
    assert list(divide(files, most=10)) == [""]


def test_the_hash_of_a_listing_is_dvcs(raw: TrackedFolder) -> None:
    md5 = raw.md5()
    assert md5 is not None
    (listing,) = (raw.root / ".dvc/cache/files/md5" / md5[:2]).glob(f"{md5[2:]}")
    entries = json.loads(listing.read_bytes())
    assert listing_hash({entry["relpath"]: entry["md5"] for entry in entries}) == md5


def test_divided_it_has_the_version_that_it_had_and_no_stage_runs_again(raw: TrackedFolder) -> None:
    before, lock = raw.md5(), (raw.root / "dvc.lock").read_text()

    small(raw).add([])

    assert paths(raw) == ["raw/a", "raw/b", "raw/note"]
    assert raw.md5() == before
    assert "up to date" in dvc("status", cwd=raw.root)
    dvc("repro", "-q", cwd=raw.root)
    assert (raw.root / "dvc.lock").read_text() == lock
    assert run("git", "status", "--porcelain", cwd=raw.root).stdout == " M data/raw.dvc\n"


def test_a_dvc_file_in_each_folder_would_be_data_of_the_stage(raw: TrackedFolder) -> None:
    """The control: why there is one .dvc file."""
    (raw.root / "data/raw.dvc").unlink()
    (raw.root / "data/.gitignore").unlink()
    dvc("add", "-q", "data/raw/a", "data/raw/b", "data/raw/note", cwd=raw.root)

    assert "modified:           data/raw" in dvc("status", cwd=raw.root)
    dvc("repro", "-q", cwd=raw.root)
    assert "data/raw/a.dvc" in (raw.root / "files.txt").read_text()


def test_dvcs_own_commands_know_a_divided_folder(raw: TrackedFolder, tmp_path: Path) -> None:
    land(small(raw), b__x__3="bx3", c__1="c1")
    root = raw.root

    assert paths(raw) == ["raw/a", "raw/b/x", "raw/b/y", "raw/c", "raw/note"]
    assert "data/raw" in dvc("status", cwd=root)
    dvc("repro", "-q", cwd=root)
    assert "data/raw/c/1" in (root / "files.txt").read_text()
    assert "data/raw.dvc" in dvc("dag", "--dot", cwd=root)
    dvc("push", "-q", cwd=root)
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-qm", "parts", cwd=root)
    clone = tmp_path / "clone"
    run("git", "clone", "-q", root, clone, cwd=tmp_path)
    dvc("pull", "-q", cwd=clone)
    assert (clone / "data/raw/b/x/3").read_text() == "bx3"
    assert "up to date" in dvc("status", cwd=clone)
    shutil.rmtree(clone / "data/raw/a")
    dvc("checkout", "-q", cwd=clone)
    assert (clone / "data/raw/a/1").read_text() == "a1"
    assert run("git", "status", "--porcelain", cwd=clone).stdout == ""


def test_the_dependencys_hash_in_dvc_lock_is_the_folders_version(raw: TrackedFolder) -> None:
    land(small(raw), c__1="c1")
    dvc("repro", "-q", cwd=raw.root)

    assert (
        yaml.safe_load((raw.root / "dvc.lock").read_text())["stages"]["count"]["deps"][0]["md5"] == raw.md5()
    )


def test_to_divide_uploads_listings_and_no_file_again(raw: TrackedFolder) -> None:
    there, before = objects(raw), raw.text()

    small(raw).add([])
    pushed = raw.push(None, since=before)

    new = objects(raw)
    assert {path: new[path] for path in there} == there
    assert pushed == 2
    assert all(path.endswith(".dir") for path in new.keys() - there.keys())
    assert raw.push(None) == 0


def test_a_landing_makes_the_listing_of_its_own_part_anew(raw: TrackedFolder) -> None:
    small(raw).add([])
    raw.push(None)
    before, there = raw.text(), objects(raw)

    land(small(raw), a__3="a3")

    assert raw.push(None, since=before) == 2
    assert len(objects(raw)) == len(there) + 2
    tracked = {out["path"]: out["md5"] for out in yaml.safe_load(raw.text() or "")["outs"]}
    old = {out["path"]: out["md5"] for out in yaml.safe_load(before or "")["outs"]}
    assert {path for path in tracked if tracked[path] != old[path]} == {"raw/a"}


def test_what_the_remote_has_lost_is_pushed_again(raw: TrackedFolder) -> None:
    before = raw.text()
    shutil.rmtree(raw.root.parent / "project-remote")

    land(raw, a__3="a3")

    assert raw.push(None, since=before) == 8


def test_going_back_takes_out_what_came_beside_the_parts(raw: TrackedFolder) -> None:
    small(raw).add([])
    text = raw.text()
    land(small(raw), c__1="c1", other="o")
    write(raw.path, {"stray/1": "mine"})

    raw.restore(text)

    found = {str(path.relative_to(raw.path)) for path in raw.path.rglob("*") if path.is_file()}
    assert found == FILES.keys()


def test_a_survey_finds_what_was_done_by_hand_in_and_beside_the_parts(raw: TrackedFolder) -> None:
    small(raw).add([])
    assert raw.survey().is_whole

    write(raw.path, {"a/1": "edited", "new/1": "mine"})
    (raw.path / "b/y/1").unlink()

    assert raw.survey() == Survey(foreign=("a/1", "new/1"), missing=("b/y/1",))


def test_files_that_go_leave_their_part_and_the_last_one_takes_it_along(raw: TrackedFolder) -> None:
    small(raw).add([])
    for name in ("a/1", "b/x/1", "b/x/2", "b/y/1"):
        (raw.path / name).unlink()
    small(raw).add([], gone=[raw.path / name for name in ("a/1", "b/x/1", "b/x/2", "b/y/1")])

    assert paths(raw) == ["raw/a", "raw/note"]
    assert raw.survey().is_whole


def test_what_somebody_said_in_the_dvc_file_stays(raw: TrackedFolder) -> None:
    raw.dvc_file.write_text(f"desc: flights\nmeta:\n  owner: me\n{raw.text()}")
    small(raw).add([])
    land(small(raw), a__3="a3")

    content = yaml.safe_load(raw.text() or "")
    assert (content["desc"], content["meta"]["owner"]) == ("flights", "me")


def test_parts_that_were_changed_by_hand_have_a_version_of_their_own(raw: TrackedFolder) -> None:
    small(raw).add([])
    version = raw.md5()
    write(raw.path, {"a/9": "by hand"})
    dvc("add", "-q", "data/raw/a/9", cwd=raw.root)

    assert raw.md5() not in {version, None}
    assert raw.survey().is_whole


def test_adding_the_whole_folder_by_hand_makes_it_one_again(raw: TrackedFolder) -> None:
    small(raw).add([])
    version = raw.md5()
    dvc("add", "-q", "data/raw", cwd=raw.root)

    assert (paths(raw), raw.md5()) == (["raw"], version)


def test_a_divided_folder_is_one_source_of_the_project(raw: TrackedFolder) -> None:
    small(raw).add([])
    project = DvcProject(raw.root)
    (source,) = project.manifest().sources

    assert (source.path, source.file) == ("data/raw", "data/raw.dvc")
    assert read_source(raw.root, source) == LockedPath("data/raw", raw.md5() or "", 14, 6)
