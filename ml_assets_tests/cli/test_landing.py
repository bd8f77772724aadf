"""`ml-assets tick` and `ml-assets landing …` over a real bucket and its queue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from ml_assets.dvc.project import DvcProject
from ml_assets.landing.intake import open_journal
from ml_assets.landing.journal.lease import lease
from ml_assets.settings import Settings
from ml_assets_tests.cli.test_commands import ml_assets
from ml_assets_tests.factories import dvc, make_two_stages, write

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def root(tmp_path: Path, bucket: str) -> Path:
    """Two stages over data/raw, where files of the bucket land at once."""
    root = make_two_stages(tmp_path / "project")
    table = f'[tool.ml_assets]\nremote = ""\n[tool.ml_assets.landing]\nbucket = "{bucket}"\n'
    write(root, {"pyproject.toml": f'{table}queue = "{bucket}-landing"\nbatch_wait_seconds = 0\n'})
    return root


def _put(s3: S3Client, bucket: str, name: str, text: str) -> None:
    s3.put_object(Bucket=bucket, Key=f"landing/{name}", Body=text.encode())


def _states(root: Path) -> dict[str, str]:
    lines = ml_assets("landing", "list", "--json", cwd=root).stdout.splitlines()
    return {row["key"]: row["state"] for row in map(json.loads, lines)}


def test_a_tick_takes_in_what_landed_and_brings_the_stages_up_to_date(
    root: Path, s3: S3Client, bucket: str
) -> None:
    _put(s3, bucket, "4.txt", "4")

    first = ml_assets("tick", cwd=root)
    second = ml_assets("tick", cwd=root)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "batch-" in first.stdout
    assert "succeeded" in first.stdout
    assert second.stdout == "nothing new\n"
    assert (root / "data/raw/4.txt").read_text() == "4"
    assert "up to date" in dvc("status", cwd=root)
    assert _states(root) == {"landing/4.txt": "committed"}
    assert "committed" in ml_assets("landing", "status", cwd=root).stdout


def test_a_stage_that_fails_is_told_by_the_exit_code_and_finished_by_a_later_tick(
    root: Path, s3: S3Client, bucket: str
) -> None:
    _put(s3, bucket, "4.txt", "no number")
    failed = ml_assets("tick", cwd=root)
    _put(s3, bucket, "4.txt", "4")

    mended = ml_assets("tick", cwd=root)

    assert failed.returncode == 1
    assert "failed (run" in failed.stdout
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert "up to date" in dvc("status", cwd=root)


def test_what_was_taken_in_and_not_finished_is_finished_by_a_tick_in_which_nothing_new_landed(
    root: Path, s3: S3Client, bucket: str
) -> None:
    code = (root / "total.py").read_text()
    (root / "total.py").write_text("raise SystemExit(1)\n")
    _put(s3, bucket, "4.txt", "4")
    assert ml_assets("tick", cwd=root).returncode == 1
    (root / "total.py").write_text(code)

    mended = ml_assets("tick", cwd=root)

    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert "record-1:1: record 1 took objects in" in mended.stdout
    assert "up to date" in dvc("status", cwd=root)


def test_of_two_ticks_at_once_one_is_told_who_is_at_work(root: Path) -> None:
    landing = Settings.load(root).landing
    assert landing is not None
    with lease(open_journal(landing, DvcProject(root).root), who="somebody else"):
        found = ml_assets("tick", cwd=root)

    assert found.returncode == 75
    assert "somebody else (process" in found.stderr


def test_without_a_landing_there_is_nothing_to_tick(tmp_path: Path) -> None:
    root = make_two_stages(tmp_path / "project")
    found = ml_assets("tick", cwd=root)
    assert found.returncode == 1
    assert "[tool.ml_assets.landing] is missing" in found.stderr


def test_a_person_leaves_out_tries_again_and_takes_in_once_more(
    root: Path, s3: S3Client, bucket: str
) -> None:
    _put(s3, bucket, "4.txt", "4")
    _put(s3, bucket, "5.part", "half of it")
    assert ml_assets("tick", cwd=root).returncode == 0
    assert _states(root) == {"landing/4.txt": "committed", "landing/5.part": "ignored"}

    refused = ml_assets("landing", "retry", "landing/4.txt", cwd=root)
    replayed = ml_assets("landing", "replay", "--since", "2020-01-01", "landing/4", cwd=root)
    again = _states(root)
    left_out = ml_assets("landing", "ignore", "landing/4.txt", cwd=root)

    assert refused.returncode == 1
    assert "`ml-assets landing list` shows keys and states" in refused.stderr
    assert replayed.stdout == "1 object(s) will be taken in once more, from the next tick on.\n"
    assert again["landing/4.txt"] == "discovered"
    assert left_out.returncode == 0
    assert _states(root)["landing/4.txt"] == "ignored"


def test_a_replayed_object_is_recorded_again(root: Path, s3: S3Client, bucket: str) -> None:
    _put(s3, bucket, "4.txt", "4")
    assert ml_assets("tick", cwd=root).returncode == 0
    ml_assets("landing", "replay", "--since", "2020-01-01", cwd=root)

    found = ml_assets("tick", cwd=root)

    assert found.returncode == 0, found.stderr
    records = [json.loads(line) for line in ml_assets("log", "--json", cwd=root).stdout.splitlines()]
    assert [each["landed"][0]["key"] for each in records if each["kind"] == "intake"] == ["landing/4.txt"] * 2


def test_a_manifest_names_what_is_taken_in_once_more(root: Path, s3: S3Client, bucket: str) -> None:
    for name in ("4.txt", "5.txt"):
        _put(s3, bucket, name, "4")
    assert ml_assets("tick", cwd=root).returncode == 0
    _put(s3, bucket, "6.txt", "6")
    lines = ["# for the audit", f"s3://{bucket}/landing/4.txt", '{"key": "landing/6.txt"}', "landing/7.txt"]
    write(root, {"manifest": "\n".join(lines)})

    found = ml_assets("landing", "replay", "--manifest", "manifest", cwd=root)

    assert found.stdout == "2 object(s) will be taken in, from the next tick on.\n"
    assert "1 of the manifest are not in the bucket, such as landing/7.txt" in found.stderr
    assert found.returncode == 1
    states = _states(root)
    assert (states["landing/4.txt"], states["landing/5.txt"], states["landing/6.txt"]) == (
        "discovered",
        "committed",
        "discovered",
    )


def test_a_manifest_with_a_wrong_line_changes_nothing(root: Path, s3: S3Client, bucket: str) -> None:
    _put(s3, bucket, "4.txt", "4")
    write(root, {"manifest": "landing/4.txt\ns3://another/landing/4.txt\n"})

    found = ml_assets("landing", "replay", "--manifest", "manifest", cwd=root)

    assert found.returncode == 1
    assert "Line 2 of the manifest" in found.stderr
    assert "s3://another/landing/4.txt is not in the bucket" in found.stderr
    assert _states(root) == {}


def test_messages_that_nobody_understands_can_be_read(root: Path, bucket: str) -> None:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{bucket}-landing")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    assert ml_assets("tick", cwd=root).returncode == 0

    status = ml_assets("landing", "status", cwd=root).stdout
    shown = ml_assets("landing", "messages", "--clear", cwd=root).stdout
    after = ml_assets("landing", "messages", "--json", cwd=root).stdout

    assert "1 message(s) that nobody understands: `ml-assets landing messages`" in status
    assert "it is no event of S3" in shown
    assert "hello" in shown
    assert after == ""


def test_the_wiring_is_checked_and_set_up(root: Path, bucket: str, s3: S3Client) -> None:
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})

    amiss = ml_assets("landing", "setup", "--check", cwd=root)
    made = ml_assets("landing", "setup", cwd=root)
    fine = ml_assets("landing", "setup", "--check", cwd=root)
    printed = ml_assets("landing", "setup", "--terraform", "--via", "sns", cwd=root)

    assert amiss.returncode == 1
    assert f"amiss  notification of bucket {bucket} for landing/: does not tell" in amiss.stdout
    assert "`ml-assets landing setup` mends this" in amiss.stderr
    assert (made.returncode, fine.returncode) == (0, 0), made.stderr + fine.stdout
    assert f"made   notification of bucket {bucket}" in made.stdout
    assert "amiss" not in fine.stdout
    assert json.loads(printed.stdout)["resource"]["aws_sns_topic"]


def test_a_journal_that_is_no_database_is_named_with_the_way_out(root: Path) -> None:
    write(root, {".ml_assets/landing.sqlite": "no database " * 100})

    found = ml_assets("landing", "status", cwd=root)

    assert found.returncode == 1
    assert "landing.sqlite" in found.stderr
    assert "may be moved away" in found.stderr
