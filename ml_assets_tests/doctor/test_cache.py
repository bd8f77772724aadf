"""How the cache is set up, on real disks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ml_assets.doctor.disks import REFLINK, disk_of
from ml_assets.doctor.finding import Severity
from ml_assets_tests.doctor.conftest import Look
from ml_assets_tests.dvc.small_disks import READ_ONLY, SMALL_CACHE, Step, in_private_mounts, step
from ml_assets_tests.factories import run

LOOKS = """\
import os, sys
from pathlib import Path
from ml_assets.doctor.registry import CHECKS
from ml_assets.doctor.site import Site
for check in CHECKS:
    if check.name in sys.argv[1:]:
        for finding in check.look(Site(Path().absolute(), dict(os.environ))):
            print(finding.severity.value, check.name, finding.where, finding.what)
"""


def set_config(root: Path, old: str, new: str) -> None:
    config = root / ".dvc" / "config"
    assert old in config.read_text()
    config.write_text(config.read_text().replace(old, new))


def test_without_a_cache_type_files_are_copied_twice_where_the_disk_has_no_reflinks(
    look: Look, root: Path
) -> None:
    disk = disk_of(root)
    if disk is None or disk.kind in REFLINK:
        pytest.skip("this disk has reflinks: run the tests with --basetemp on an ext4 or tmpfs disk")
    assert look("cache-type") == []
    set_config(root, "    type = copy\n", "")
    (found,) = look("cache-type")
    run("sh", "-c", found.remedy.strip("`"), cwd=root)
    assert look("cache-type") == []


def test_links_protect_nothing_from_root(look: Look, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_config(root, "type = copy", "type = hardlink,symlink")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (found,) = look("cache-type")
    assert "overwrites the cached version" in found.what
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert look("cache-type") == []


def test_a_cache_that_is_read_only_or_on_another_disk_is_found(root: Path) -> None:
    (root / "looks.py").write_text(LOOKS)
    script = SMALL_CACHE.format(kilobytes=500) + READ_ONLY
    in_private_mounts(root, script + step("look", f"{sys.executable} looks.py cache-permissions cache-disk"))
    lines = Step(root, "look").output.splitlines()
    assert f"error cache-permissions {root}/small/cache this user cannot write it" in lines[0]
    assert f"info cache-disk {root}/small/cache it is on another disk ({root}/small)" in lines[1]


def test_a_cache_that_belongs_to_another_user_wants_to_be_shared(
    look: Look, root: Path, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away: run the tests as root")
    shared = tmp_path / "shared"
    shared.mkdir()
    set_config(root, "type = copy", f"type = copy\n    dir = {shared}")
    assert look("cache-permissions") == []
    os.chown(shared, 65534, 65534)
    (found,) = look("cache-permissions")
    assert found.severity is Severity.WARNING
    set_config(root, "type = copy", "type = copy\n    shared = group")
    assert look("cache-permissions") == []


def test_hashes_are_forgotten_with_a_container(look: Look, environ: dict[str, str]) -> None:
    assert look("site-cache", KUBERNETES_SERVICE_HOST="10.0.0.1") == []
    (found,) = look("site-cache", KUBERNETES_SERVICE_HOST="10.0.0.1", DVC_SITE_CACHE_DIR="")
    assert "/var/tmp/dvc" in found.where  # noqa: S108


def test_hashing_on_one_core_of_several_is_mentioned(
    look: Look, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert look("checksum-jobs") == []
    set_config(root, "    checksum_jobs = 2\n", "")
    (found,) = look("checksum-jobs")
    assert "uses 4 of 8 cores" in found.what
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert look("checksum-jobs") == []


def test_what_broken_copies_left_is_found_when_it_is_old(look: Look, root: Path) -> None:
    assert look("cache-leftovers") == []
    left = root / ".dvc" / "cache" / "files" / "md5" / "ab" / ".x1.tmp"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"0" * 2_000_000)
    assert look("cache-leftovers") == []
    os.utime(left, (0, 0))
    (found,) = look("cache-leftovers")
    assert "1 leftovers of copies that broke off take 2.0 MB" in found.what
    subprocess.run(["sh", "-c", found.remedy.split("`")[1]], check=True)
    assert not left.exists()
