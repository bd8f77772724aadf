"""Locks whose holder is gone, or cannot be told to be."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from ml_assets.doctor.checks import locks as checks
from ml_assets.doctor.disks import Disk
from ml_assets.doctor.finding import Severity
from ml_assets_tests.doctor.conftest import Look
from ml_assets_tests.dvc.processes import claim, ended_pid, like_dvc
from ml_assets_tests.dvc.test_locks import held
from ml_assets_tests.factories import run, write


def test_a_stale_claim_is_a_warning_that_names_its_holder(look: Look, root: Path) -> None:
    assert look("locks") == []
    pid = ended_pid()
    claim(root, pid)
    (found,) = look("locks")
    assert found.severity is Severity.WARNING
    assert f"PID {pid} (`/bin/dvc repro`), which is dead, holds 'data/raw'" in found.what


def test_a_live_claim_is_only_mentioned(look: Look, root: Path) -> None:
    with like_dvc() as process:
        claim(root, process.pid)
        (found,) = look("locks")
    assert found.severity is Severity.INFO
    assert f"PID {process.pid}" in found.what


def test_a_torn_file_is_an_error_and_its_command_mends_it(look: Look, root: Path) -> None:
    claim(root, 1).write_text('{"wri')
    (found,) = look("locks")
    assert found.severity is Severity.ERROR
    run("sh", "-c", found.remedy.strip("`"), cwd=root)
    assert look("locks") == []


def test_a_writer_on_another_host_is_a_warning_and_here_only_mentioned(look: Look, root: Path) -> None:
    lock = root / ".dvc" / "tmp" / "ml_assets" / "writer.lock"
    with held(lock, host="node-7"):
        (found,) = look("locks")
    assert found.severity is Severity.WARNING
    assert "on host node-7 holds the workspace" in found.what
    with held(lock, host=socket.gethostname()):
        (found,) = look("locks")
    assert found.severity is Severity.INFO


def test_a_lock_that_outlives_its_process_is_told(look: Look, root: Path) -> None:
    write(root, {".dvc/tmp/lock": "/nowhere/claim", ".dvc/config": "[core]\n    hardlink_lock = false\n"})
    assert look("hardlink-lock") == []
    write(root, {".dvc/config": "[core]\n    hardlink_lock = true\n"})
    (found,) = look("hardlink-lock")
    assert found.remedy.endswith(f"`rm '{root}/.dvc/tmp/lock'`")


def test_a_network_disk_does_not_lock_between_hosts(
    look: Look, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look("network-disk") == []
    monkeypatch.setattr(checks, "disk_of", lambda path: Disk(path, "nfs4", 1, 1))
    (found,) = look("network-disk")
    assert "(nfs4)" in found.what
    write(root, {".dvc/config": "[core]\n    hardlink_lock = true\n"})
    assert look("network-disk") == []
