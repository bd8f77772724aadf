"""An in-toto statement with SLSA provenance v1: https://slsa.dev/spec/v1.0/provenance."""

from __future__ import annotations

from typing import Any

from ml_assets.ledger.exports.subject import PRODUCER, Subject
from ml_assets.ledger.record import OutputRecord
from ml_assets.ledger.weak_links import weak_links

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = f"{PRODUCER}#dvc-pipeline-1"
FOLDER_DIGEST = "dirSha256Listing"
"""Of a folder: SHA-256 of the lines `<sha256>  <path>` of its files, sorted by path."""


def statement(subject: Subject, outputs: list[OutputRecord]) -> dict[str, Any]:
    """How the record's run made `outputs`. Raises LockFileUnreadable."""
    record, stages = subject.record, subject.stages()
    made_by = {out.stage for out in outputs}
    return {
        "_type": STATEMENT,
        "subject": [{"name": out.path, "digest": _digests(out)} for out in outputs],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "stages": {
                        name: {
                            "command": list(locked.cmd),
                            "params": {k: dict(v) for k, v in locked.params.items()},
                        }
                        for name, locked in stages.items()
                        if name in made_by
                    }
                },
                "internalParameters": {"dvcLock": record.dvc_lock},
                "resolvedDependencies": [*_code(subject), *_data(subject), _environment(subject)],
            },
            "runDetails": {
                "builder": {
                    "id": f"{PRODUCER}#host/{record.host}",
                    "version": {"python": record.environment.python},
                },
                "metadata": {
                    "invocationId": record.dagster.run_id if record.dagster else record.id,
                    "finishedOn": record.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
                },
                "byproducts": [
                    {"name": f"record {record.number}", "digest": {"sha256": record.digest}},
                    {
                        "name": "weak links",
                        "annotations": {each.kind: each.said for each in weak_links(record)},
                    },
                ],
            },
        },
    }


def _digests(out: OutputRecord) -> dict[str, str]:
    is_folder = out.md5.endswith(".dir")
    if out.sha256 is None:
        return {"dvcMd5": out.md5}
    return {FOLDER_DIGEST if is_folder else "sha256": out.sha256, "dvcMd5": out.md5}


def _code(subject: Subject) -> list[dict[str, Any]]:
    git = subject.record.git
    if git is None:
        return []
    uri = f"git+{subject.repository}" if subject.repository else "git+unknown"
    found: dict[str, Any] = {"uri": f"{uri}@{git.commit}", "digest": {"gitCommit": git.commit}}
    if git.dirty_sha256:
        found["annotations"] = {"patchSha256": git.dirty_sha256, "patchKept": git.patch is not None}
    return [found]


def _data(subject: Subject) -> list[dict[str, Any]]:
    return [{"name": path, "digest": {"dvcMd5": md5}} for path, md5 in sorted(subject.sources().items())]


def _environment(subject: Subject) -> dict[str, Any]:
    environment = subject.record.environment
    found: dict[str, Any] = {"name": "Python environment", "digest": {"sha256": environment.digest}}
    if environment.lock:
        found["annotations"] = {"lockFilesSha256": environment.lock}
    return found
