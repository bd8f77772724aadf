"""A disk that is full or read-only: told with place and remedy, nothing recorded, right after mending."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ml_assets.dvc.errors import DiskFull, NotWritable
from ml_assets.dvc.events import Outcome, StageFinished
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets.dvc.storage import storage_failure
from ml_assets_tests.dvc.small_disks import READ_ONLY, ROOMY, SMALL_CACHE, Step, in_private_mounts, step
from ml_assets_tests.factories import BIN, DOUBLE, environment, make_two_stages, write

# Ten files of 30 kB in a folder.
FOLDER = """\
import pathlib
folder = pathlib.Path("data/double.txt")
folder.mkdir(exist_ok=True)
for n in range(10):
    (folder / f"{n}.txt").write_text(f"{n}" * 30_000)
"""
FILLS_THE_DISK = """\
import pathlib
pathlib.Path("data/double.txt").write_text("2")
with open("filler", "wb", buffering=0) as filler:
    try:
        while filler.write(b"0" * 4096):
            pass
    except OSError:
        print("full")
"""
ADDS = """\
import sys
from pathlib import Path
from ml_assets.dvc.errors import DiskFull
from ml_assets.dvc.integrity import corrupt_objects
from ml_assets.dvc.tracked import TrackedFolder
raw = TrackedFolder(Path().absolute(), "data/raw")
try:
    raw.add(sorted(raw.path.iterdir()))
except DiskFull as error:
    print(error, "damaged:", corrupt_objects(raw.root, [raw.md5()]))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_two_stages(tmp_path / "project")
    write(root, {"double.py": FOLDER})
    return root


def test_a_full_cache_is_told_and_nothing_is_recorded_and_the_next_run_is_right(root: Path) -> None:
    script = SMALL_CACHE.format(kilobytes=200) + step("full", "ml-assets repro double")
    script += ROOMY + step("roomy", "ml-assets repro double") + step("status", "dvc status double")
    in_private_mounts(root, script + step("again", "rm -r data/double.txt; dvc checkout double"))
    full = Step(root, "full")
    assert full.code == 255
    assert f"The disk of '{root}/small/cache/" in full.output
    assert "is full: stage 'double' was not finished" in full.output
    assert "Free some space" in full.output
    assert full.lock is None
    roomy = Step(root, "roomy")
    assert roomy.code == 0
    assert "double: ran" in roomy.output
    assert "up to date" in Step(root, "status").output
    assert Step(root, "again").code == 0


def test_plain_dvc_records_what_its_full_cache_does_not_have_and_pushes_nothing(root: Path) -> None:
    """The control of the test above: no command fails, and the result exists nowhere but in the workspace."""
    script = (
        SMALL_CACHE.format(kilobytes=200)
        + step("repro", "dvc repro double")
        + step("push", "dvc push double")
    )
    in_private_mounts(root, script)
    assert Step(root, "repro").code == 0
    assert b"data/double.txt" in (Step(root, "repro").lock or b"")
    assert Step(root, "push").code == 0
    assert not (root.parent / "project-remote").exists()


@pytest.mark.parametrize("files", [10, 40], ids=["granular", "whole"])
def test_nothing_is_tracked_that_a_full_cache_could_not_take(root: Path, files: int) -> None:
    write(root, {f"data/raw/{n}.txt": f"{n:02}" * 15_000 for n in range(files)} | {"adds.py": ADDS})
    script = SMALL_CACHE.format(kilobytes=100) + step("add", f"{sys.executable} adds.py")
    in_private_mounts(root, script)
    assert "is full: adding files to data/raw was not finished" in Step(root, "add").output
    assert Step(root, "add").output.endswith("damaged: ()\n")


def test_a_full_workspace_leaves_the_lock_as_it_was(root: Path) -> None:
    write(root, {"double.py": FILLS_THE_DISK, "roomy.py": DOUBLE})
    # The whole project moves onto the small disk, its cache stays outside.
    script = """\
printf '[cache]\n    dir = %s/../cache\n' "$PWD" >.dvc/config.local
cp -r .dvc/cache ../cache
mkdir ../small
mount -t tmpfs -o size=1m tmpfs ../small
cp -r . ../small/project
cd ../small/project
"""
    script += step("full", "ml-assets repro double") + "rm filler\n" + f"cp {root}/roomy.py double.py\n"
    in_private_mounts(root, script + step("mended", "ml-assets repro total"))
    full, mended = Step(root, "full"), Step(root, "mended")
    assert full.code == 255
    assert "double | full" in full.output
    assert "the disk of '" in full.output
    assert "small/project' is full" in full.output
    assert full.lock is None
    assert mended.code == 0
    assert "total: ran" in mended.output


def test_a_command_that_finds_the_disk_full_is_told_so(root: Path) -> None:
    write(root, {"double.py": FILLS_THE_DISK + "raise SystemExit(1)\n"})
    script = """\
mkdir ../small
mount -t tmpfs -o size=1m tmpfs ../small
cp -r . ../small/project
cd ../small/project
"""
    in_private_mounts(root, script + step("full", "ml-assets repro double"))
    assert "ended with exit code 1; the disk of" in Step(root, "full").output


def test_a_read_only_cache_is_told_and_what_needs_no_writing_works(root: Path) -> None:
    script = SMALL_CACHE.format(kilobytes=2000) + step("before", "ml-assets repro double") + READ_ONLY
    script += step("unchanged", "ml-assets repro double") + "echo '#' >>double.py\n"
    script += step("refused", "ml-assets repro double") + "mount -o remount,rw small\n"
    in_private_mounts(root, script + step("mended", "ml-assets repro double"))
    assert "double: unchanged" in Step(root, "unchanged").output
    refused = Step(root, "refused")
    assert refused.code == 255
    assert f"'{root}/small/cache/" in refused.output
    assert "cannot be written (Read-only file system): stage 'double' was not finished" in refused.output
    assert "`dvc cache dir --local .dvc/cache`" in refused.output
    assert refused.lock == Step(root, "before").lock
    assert "double: ran" in Step(root, "mended").output


def test_a_key_of_the_run_cache_without_an_entry_stops_no_stage(root: Path) -> None:
    """As a full disk leaves it."""
    project = DvcProject(root)
    list(run_stages(project, ["double"]))
    (entry,) = (path for path in (root / ".dvc/cache/runs").glob("*/*/*") if path.is_file())
    entry.unlink()
    (root / "dvc.lock").unlink()
    # The control: plain DVC fails at it until somebody removes the folder.
    command = [str(BIN / "dvc"), "repro", "double"]
    plain = subprocess.run(command, cwd=root, env=environment(), capture_output=True, text=True, check=False)
    assert plain.returncode == 255
    assert "NoneType" in plain.stderr
    finished = [event for event in run_stages(project, ["double"]) if isinstance(event, StageFinished)]
    assert [event.outcome for event in finished] == [Outcome.RAN]


def test_causes_are_found_below_what_wraps_them_and_others_are_left_alone(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/a/b", None, "/cache/x/.r.tmp")
    wrapped = RuntimeError("failed to reproduce")
    wrapped.__cause__ = full
    found = storage_failure(wrapped, doing="it", root=tmp_path)
    assert isinstance(found, DiskFull)
    assert found.path == Path("/cache/x")
    database = sqlite3.OperationalError("attempt to write a readonly database")
    assert isinstance(storage_failure(database, doing="it", root=tmp_path), NotWritable)
    # As s3fs says that a bucket refuses.
    assert storage_failure(PermissionError(errno.EACCES, "Access Denied"), doing="it", root=tmp_path) is None
    assert storage_failure(ValueError("else"), doing="it", root=tmp_path) is None
