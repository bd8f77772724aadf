"""Tracked data that the ledger knows otherwise, or that is too much for one .dvc file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.doctor.checks import raw_data
from ml_assets.dvc.tracked import TrackedFolder
from ml_assets.ledger.record import IntakeDraft, Landed, Origin
from ml_assets.ledger.store import Ledger
from ml_assets_tests.doctor.conftest import Look
from ml_assets_tests.factories import BIN, dvc, environment, run, write

ONE = "c4ca4238a0b923820dcc509a6f75849b"
RAW = "22428a5e718ee635af0c2b1966a84318.dir"
IMPORTED = """\
frozen: true
deps:
- hash: md5
  path: /data/{path}
  md5: {md5}
outs:
- hash: md5
  path: {path}
  md5: {md5}
"""
ORIGIN = Origin.model_validate({"actor": "me", "host": "here", "environment": {"python": "3", "digest": "0"}})
LANDED = Landed(bucket="b", key="landing/1.txt", etag="e", size=1, sha256="0" * 64, path="1.txt")


def test_raw_that_a_checkout_moved_back_is_found_and_the_command_mends_it(look: Look, root: Path) -> None:
    write(root, {"pyproject.toml": '[tool.ml_assets.landing]\nbucket = "b"\n'})
    assert look("raw-record") == []
    write(root, {"data/raw/4.txt": "4"})
    dvc("add", "-q", "data/raw", cwd=root)
    text = TrackedFolder(root, "data/raw").text() or ""
    ledger = Ledger.open(".ml_assets/ledger", root=root)
    ledger.append(lambda _: IntakeDraft(**dict(ORIGIN), landed=(LANDED,), dvc_files={"data/raw.dvc": text}))
    assert look("raw-record") == []
    run("git", "checkout", "-q", "--", "data/raw.dvc", cwd=root)
    (found,) = look("raw-record")
    assert "the newest intake, record 1" in found.what
    run(BIN / "ml-assets", *found.remedy.strip("`").split()[1:], cwd=root, env=environment())
    assert look("raw-record") == []


def test_very_many_files_under_one_dvc_file_are_a_warning(look: Look, root: Path) -> None:
    assert look("raw-size") == []
    file = root / "data" / "raw.dvc"
    file.write_text(file.read_text().replace("nfiles: 3", "nfiles: 20001"))
    (found,) = look("raw-size")
    assert "20,001 files" in found.what


def test_very_many_dvc_files_are_a_warning(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_data, "MOST_DVC_FILES", 0)
    (found,) = look("raw-size")
    assert "1 .dvc files" in found.what


def test_an_imported_folder_is_mentioned(look: Look, root: Path) -> None:
    """The .dvc files are as `dvc import-url` writes them."""
    file, folder = (IMPORTED.format(md5=md5, path=path) for md5, path in ((ONE, "one.txt"), (RAW, "folder")))
    write(root, {"one.txt.dvc": file})
    assert look("imported-folder") == []
    write(root, {"folder.dvc": folder})
    (found,) = look("imported-folder")
    assert found.where == "folder.dvc"
