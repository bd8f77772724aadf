"""The machine below the project."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ml_assets.doctor.finding import Severity
from ml_assets_tests.doctor.conftest import Look
from ml_assets_tests.doctor.test_cache import LOOKS
from ml_assets_tests.dvc.small_disks import SMALL_CACHE, Step, in_private_mounts, step
from ml_assets_tests.factories import write


def test_a_disk_with_little_left_is_named_with_what_is_on_it(root: Path) -> None:
    (root / "looks.py").write_text(LOOKS)
    script = SMALL_CACHE.format(kilobytes=500) + step("full", f"{sys.executable} looks.py disk-space")
    script += "mount -o remount,size=900m small\n" + step("little", f"{sys.executable} looks.py disk-space")
    script += "mount -o remount,size=1500m small\n" + step("fine", f"{sys.executable} looks.py disk-space")
    in_private_mounts(root, script)
    assert Step(root, "full").output == f"error disk-space {root}/small 0 MB are left for cache\n"
    assert Step(root, "little").output.startswith(f"warning disk-space {root}/small 9")
    assert Step(root, "fine").output == ""


def test_variables_that_make_fits_slow_on_shared_cores(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert look("openmp") == []
    assert look("openmp", OMP_WAIT_POLICY="PASSIVE", OMP_NUM_THREADS="2") == []
    assert [each.where for each in look("openmp", OMP_WAIT_POLICY="active", OMP_NUM_THREADS="8")] == [
        "OMP_WAIT_POLICY",
        "OMP_NUM_THREADS",
    ]


def test_a_landing_that_nobody_listens_to_is_mentioned(look: Look, root: Path) -> None:
    assert look("landing-sensor") == []
    write(root, {"pyproject.toml": '[tool.ml_assets.landing]\nbucket = "b"\n'})
    (found,) = look("landing-sensor")
    assert found.severity is Severity.INFO
    write(root, {"pyproject.toml": '[tool.ml_assets.landing]\nbucket = "b"\nsensor = "running"\n'})
    assert look("landing-sensor") == []
