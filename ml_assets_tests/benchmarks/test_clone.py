from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.clone import Clone, environment
from benchmarks.errors import RunFailed, WrongWork
from benchmarks.stages import LAST_OUTPUT, Work, materialize, timed
from benchmarks.sync import sync
from ml_assets_tests.processes import assert_gone

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Not a clone of anything, which would take a second; commands run in it all the same."""
    root = tmp_path / "project"
    root.mkdir()
    return Clone(root, environment(root))


def test_nothing_of_the_users_own_configuration_reaches_a_clone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "DAGSTER_HOME", "MLFLOW_TRACKING_URI", "ML_ASSETS_REMOTE", "PYTHONHASHSEED"):
        monkeypatch.setenv(name, "mine")
    found = environment(tmp_path)
    assert "mine" not in found.values()
    assert found["PYTHONPATH"] == str(tmp_path)
    assert found["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert found["DO_NOT_TRACK"] == found["DVC_NO_ANALYTICS"] == "1"


def test_a_command_that_fails_is_an_error_with_the_end_of_its_output(clone: Clone) -> None:
    with pytest.raises(RunFailed, match="no days here") as caught:
        clone.seconds("python", "-c", "raise SystemExit('no days here')")
    assert caught.value.code == 1


def test_what_a_command_started_does_not_outlive_an_interrupted_measurement(clone: Clone) -> None:
    started = (
        "import subprocess, time; child = subprocess.Popen(['sleep', '60']); "
        "print(child.pid, flush=True); time.sleep(60)"
    )
    pids: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        interrupt_once_it_printed(clone, "python", "-c", started, printed=pids)
    assert_gone(pids, within=10)


def interrupt_once_it_printed(clone: Clone, *command: str, printed: list[int]) -> None:
    with clone.running(*command) as process:
        while not process.log.read_text().endswith("\n"):
            time.sleep(0.01)
        printed.append(int(process.log.read_text()))
        raise KeyboardInterrupt


def test_a_dagster_run_is_a_process_of_its_own_with_the_shipped_executor() -> None:
    assert materialize("processed") == (
        *("dagster", "asset", "materialize", "-m", "ml_assets.definitions"),
        *("--select", "processed"),
    )
    forced = materialize("processed", {"ops": {}})
    assert forced[-2:] == ("--config-json", '{"ops": {}}')


TOUCH = ("python", "-c", f"import pathlib; pathlib.Path({LAST_OUTPUT!r}).write_text('again')")
IDLE = ("python", "-c", "pass")


@pytest.mark.parametrize(
    ("work", "right", "wrong"), [(Work.REWRITES, TOUCH, IDLE), (Work.LEAVES, IDLE, TOUCH)]
)
def test_a_run_that_did_other_work_than_it_is_measured_for_is_an_error(
    clone: Clone, work: Work, right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    output = clone.root / LAST_OUTPUT
    output.parent.mkdir()
    output.write_text("once")
    os.utime(output, ns=(0, 0))
    assert timed(clone, work, *right)() > 0
    os.utime(output, ns=(0, 0))
    with pytest.raises(WrongWork, match=work.value):
        timed(clone, work, *wrong)()


def test_sync_brings_what_is_new_or_changed_and_nothing_else(
    s3: S3Client, bucket: str, tmp_path: Path
) -> None:
    s3.put_object(Bucket=bucket, Key="landing/flights/1.csv", Body=b"one")
    assert sync(s3, bucket=bucket, prefix="landing/", folder=tmp_path) == 1
    assert (tmp_path / "flights" / "1.csv").read_bytes() == b"one"
    soon = time.time() + 60
    os.utime(tmp_path / "flights" / "1.csv", (soon, soon))
    assert sync(s3, bucket=bucket, prefix="landing/", folder=tmp_path) == 0
    s3.put_object(Bucket=bucket, Key="landing/flights/1.csv", Body=b"other")
    assert sync(s3, bucket=bucket, prefix="landing/", folder=tmp_path) == 1
