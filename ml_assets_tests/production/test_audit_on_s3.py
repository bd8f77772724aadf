"""Verify and gc on a remote in S3, against a real server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets.demo.s3 import EmbeddedS3
from ml_assets.ledger.audit.collect import opened
from ml_assets.ledger.audit.plan import Keep
from ml_assets.ledger.audit.verify import verify
from ml_assets.ledger.record import RunRecord
from ml_assets.ledger.store import Ledger
from ml_assets_tests.factories import dvc
from ml_assets_tests.production.by_hand import copied

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def root(two_days: Path, tmp_path: Path, embedded_s3: EmbeddedS3, bucket: str) -> Path:
    """Two days, whose objects are in a bucket."""
    root = copied(two_days, tmp_path)
    dvc("remote", "add", "-d", "-f", "store", f"s3://{bucket}/dvc", cwd=root)
    dvc("remote", "modify", "store", "endpointurl", embedded_s3.env()["AWS_ENDPOINT_URL"], cwd=root)
    for record in _runs(root):
        (root / "dvc.lock").write_text(record.dvc_lock)
        (root / "data" / "raw.dvc").write_text(record.dvc_files["data/raw.dvc"])
        dvc("push", "-q", cwd=root)
    return root


def _ledger(root: Path) -> Ledger:
    return Ledger.open(".ml_assets/ledger", root=root)


def _runs(root: Path) -> list[RunRecord]:
    return [record for record in _ledger(root).records() if isinstance(record, RunRecord)]


def _key(record: RunRecord) -> str:
    (md5,) = [out.md5 for out in record.outputs if out.path == "model.txt"]
    return f"dvc/files/md5/{md5[:2]}/{md5[2:]}"


def _model(s3: S3Client, bucket: str, record: RunRecord) -> bool:
    return "Contents" in s3.list_objects_v2(Bucket=bucket, Prefix=_key(record))


def test_a_flipped_byte_and_a_missing_object_are_named(root: Path, s3: S3Client, bucket: str) -> None:
    assert verify(_ledger(root), root=root, remote=None, deep=True).intact
    first, second = _runs(root)
    s3.put_object(Bucket=bucket, Key=_key(first), Body=b"flipped")
    s3.delete_object(Bucket=bucket, Key=_key(second))

    (missing,) = verify(_ledger(root), root=root, remote=None).findings
    found = verify(_ledger(root), root=root, remote=None, deep=True).findings

    assert missing.records == (2,)
    assert {each.records: each.problem.partition(":")[0] for each in found} == {
        (1,): "its bytes were changed",
        (2,): "it is missing on the remote",
    }
    assert all(each.where.startswith(f"s3://{bucket}/dvc/files/md5/") for each in found)


def test_gc_deletes_what_it_said_and_keeps_what_is_young(root: Path, s3: S3Client, bucket: str) -> None:
    first, second = _runs(root)
    keep = [Keep.parse("last=1")]
    with opened(_ledger(root), root=root, remote=None, keep=keep, grace_seconds=3600) as collection:
        young = collection.look()
    with opened(_ledger(root), root=root, remote=None, keep=keep, grace_seconds=-5) as collection:
        record, gone = collection.collect()

    assert (young.doomed, young.young) == (frozenset(), 3)
    assert gone == 3
    assert record is not None
    assert record.given_up == ((1, 1),)
    assert record.remote == f"s3://{bucket}/dvc"
    assert (_model(s3, bucket, first), _model(s3, bucket, second)) == (False, True)
    assert verify(_ledger(root), root=root, remote=None, deep=True).intact
