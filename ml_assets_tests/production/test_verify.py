"""`ml-assets verify`: one flipped byte anywhere is named, and so is what is missing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml_assets.dvc._internals.remote_store import RemoteStore
from ml_assets.dvc._internals.repo import open_repo
from ml_assets.ledger.audit.named import Mention
from ml_assets.ledger.audit.object_audit import ObjectAudit
from ml_assets.ledger.record import RunRecord
from ml_assets.ledger.store import Ledger
from ml_assets_tests.factories import BIN, dvc, environment
from ml_assets_tests.production.by_hand import copied


@pytest.fixture
def project(two_days: Path, tmp_path: Path) -> Path:
    return copied(two_days, tmp_path)


def verify(project: Path, *arguments: str, code: int) -> dict[str, Any]:
    done = subprocess.run(
        [str(BIN / "ml-assets"), "verify", *arguments, "--json"],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout) if done.stdout else {"error": done.stderr}
    return found


def remote(project: Path) -> Path:
    return project.parent / "project-remote" / "files" / "md5"


def records(project: Path) -> list[RunRecord]:
    found = Ledger.open(".ml_assets/ledger", root=project).records()
    return [record for record in found if isinstance(record, RunRecord)]


def object_of(project: Path, path: str) -> Path:
    (md5,) = [out.md5 for out in records(project)[-1].outputs if out.path == path]
    return remote(project) / md5[:2] / md5[2:]


def flip(file: Path, at: int = -2) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.chmod(0o644)
    file.write_bytes(bytes(data))


def test_what_is_intact_is_said_to_be(project: Path) -> None:
    quick, deep = verify(project, code=0), verify(project, "--deep", code=0)

    assert quick["intact"]
    assert deep["intact"]
    assert quick["records"] == 2
    # total.txt and model.txt of two days, two listings of raw, two days' files.
    assert quick["objects"] == deep["objects"] == 8


NEWEST = "newest"
PLACES: dict[str, Callable[[Path], Path]] = {
    "a record": lambda project: project / ".ml_assets/ledger/records/0000000/0000000001.json",
    NEWEST: lambda project: project / ".ml_assets/ledger/records/0000000/0000000002.json",
    "what is installed": lambda project: next((project / ".ml_assets/ledger/environments").iterdir()),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_flipped_byte_of_the_ledger_is_named(project: Path, place: str) -> None:
    file = PLACES[place](project)
    flip(file)

    (finding,) = verify(project, code=1)["findings"]

    assert finding["where"].endswith(file.relative_to(project / ".ml_assets/ledger").as_posix())


def test_a_flipped_byte_of_an_object_is_named_with_path_stage_and_records(project: Path) -> None:
    file = object_of(project, "model.txt")
    flip(file)

    verify(project, code=0)
    (finding,) = verify(project, "--deep", code=1)["findings"]

    assert (finding["path"], finding["stage"], finding["records"]) == ("model.txt", "model", [2])
    assert finding["where"].endswith(f"{file.parent.name}/{file.name}")
    assert "bytes were changed" in finding["problem"]


def test_a_flipped_byte_in_a_file_of_a_tracked_folder_is_named_by_its_path(project: Path) -> None:
    files = [file for file in remote(project).rglob("*") if file.is_file()]
    (day,) = [file for file in files if file.read_bytes() == b"number\n10\n"]
    flip(day)

    (finding,) = verify(project, "--deep", code=1)["findings"]

    assert finding["path"] == "data/raw/1.csv"
    assert finding["records"] == [1, 2]


def test_other_bytes_of_the_same_md5_are_told_by_sha256(project: Path) -> None:
    """Nobody can be asked for a collision in a test: instead the record says another SHA-256."""
    (out,) = [out for out in records(project)[-1].outputs if out.path == "model.txt"]
    with open_repo(project) as repo:
        audit = ObjectAudit(
            RemoteStore(repo, None), {out.md5: Mention(out.path, out.stage, [2], "0" * 64)}, url="there"
        )
        audit.read_all()

    (finding,) = audit.findings
    assert finding.problem == f"other bytes of the same MD5: SHA-256 {out.sha256} instead of {'0' * 64}"


def test_everything_that_is_missing_is_named_at_once(project: Path) -> None:
    object_of(project, "model.txt").unlink()
    object_of(project, "data/total.txt").unlink()

    findings = verify(project, code=1)["findings"]

    assert sorted(each["path"] for each in findings) == ["data/total.txt", "model.txt"]
    assert {each["problem"] for each in findings} == {"it is missing on the remote"}


def test_a_record_that_was_removed_is_named(project: Path) -> None:
    PLACES["a record"](project).unlink()

    (finding,) = verify(project, code=1)["findings"]

    assert finding["problem"] == "it is missing"


def test_a_remote_that_cannot_be_asked_is_another_exit_code(project: Path) -> None:
    dvc("remote", "add", "-d", "-f", "store", "s3://bucket/store", cwd=project)
    dvc("remote", "modify", "store", "endpointurl", "http://127.0.0.1:1", cwd=project)

    found = verify(project, code=2)

    assert "store" in found["error"]
