"""Ledgers as years of landings leave them: an intake of two objects, then a run of four stages, and again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

import yaml

from ml_assets.ledger import layout
from ml_assets.ledger.checkpoint import pack
from ml_assets.ledger.record import (
    AnyRecord,
    Draft,
    Environment,
    GitState,
    IntakeDraft,
    Landed,
    OutputRecord,
    RunDraft,
    StageCode,
)

STAGES = ("processed", "features", "model", "evaluation")
CODE = tuple(f"ml_assets/stages/module{number}.py" for number in range(12))
"""Each stage names these in its deps, as the shipped example does: dvc.lock has some 12 KB."""
COMMIT_EVERY = 50
"""Runs from one commit to the next; each changes one module."""


def make_ledger(folder: Path, records: int) -> None:
    """The files of a ledger of so many records, as appending them would have left them."""
    before: AnyRecord | None = None
    shard: list[bytes] = []
    for number, draft in enumerate(_drafts(records), start=1):
        before = draft.numbered(number=number, previous=before.digest if before else None)
        data = before.canonical()
        _write(folder / layout.record_path(number), data)
        shard.append(data)
        if number == layout.last_of(layout.shard_of(number)):
            _write(folder / layout.checkpoint_path(layout.shard_of(number)), pack(shard))
            shard = []


def draft_of(number: int) -> Draft:
    """What record `number` says, an intake where it is odd."""
    day = (number + 1) // 2
    return _intake(day) if number % 2 else _run(day)


def _drafts(records: int) -> Iterator[Draft]:
    return (draft_of(number) for number in range(1, records + 1))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _hash(*parts: object) -> str:
    return md5(repr(parts).encode(), usedforsecurity=False).hexdigest()


def _sha256(*parts: object) -> str:
    return sha256(repr(parts).encode()).hexdigest()


def _origin(day: int) -> dict[str, Any]:
    return {
        "actor": "ada",
        "host": "worker",
        "time": datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=day),
        "git": GitState(commit=_sha256("commit", day // COMMIT_EVERY)[:40]),
        "environment": Environment(python="3.11.7", digest=_sha256("environment", day // 500), lock=None),
        "params": {"params.yaml": {"logreg": {"C": 1.0}, "gb": {"n_estimators": 200 + day // 100}}},
    }


def _raw(day: int) -> str:
    return yaml.safe_dump({"outs": [{"md5": f"{_hash('raw', day)}.dir", "hash": "md5", "path": "raw"}]})


def _intake(day: int) -> IntakeDraft:
    return IntakeDraft(
        **_origin(day),
        dvc_files={"data/raw.dvc": _raw(day)},
        landed=tuple(
            Landed(
                bucket="ml-assets",
                key=f"landing/{name}/{day:06}.csv",
                etag=_hash(name, day),
                size=100_000 + day,
                sha256=_sha256(name, day),
                path=f"{name}/{day:06}.csv",
                rows=900,
            )
            for name in ("flights", "weather")
        ),
    )


def _module(number: int, day: int) -> str:
    """The version of a module: with each commit the next one is changed."""
    return str(sum(1 for commit in range(1, day // COMMIT_EVERY + 1) if commit % len(CODE) == number))


def _run(day: int) -> RunDraft:
    code = {path: _sha256(path, _module(number, day)) for number, path in enumerate(CODE)}
    return RunDraft(
        **_origin(day),
        dvc_files={"data/raw.dvc": _raw(day)},
        dvc_lock=_lock(day),
        parent=2 * day - 2 or None,
        stages=dict.fromkeys(STAGES, "ran"),
        code=dict.fromkeys(STAGES, StageCode(digest=_sha256(sorted(code.items())), files=CODE)),
        code_files=dict(code),
        outputs=tuple(
            OutputRecord(
                path=f"data/{stage}",
                stage=stage,
                md5=f"{_hash(stage, day)}.dir",
                size=10_000_000,
                sha256=_sha256(stage, day),
            )
            for stage in STAGES
        ),
        metrics={"metrics.json": {"auc": 0.7 + day / 1e6, "log_loss": 0.4, "brier": 0.1}},
        small_outputs={"metrics.json": json.dumps({"auc": 0.7 + day / 1e6})},
    )


def _lock(day: int) -> str:
    above, above_hash = "data/raw", f"{_hash('raw', day)}.dir"
    stages: dict[str, Any] = {}
    for stage in STAGES:
        modules = [(path, _hash(path, _module(number, day))) for number, path in enumerate(CODE)]
        stages[stage] = {
            "cmd": f"python -m ml_assets.stages.{stage}",
            "deps": [
                {"path": path, "hash": "md5", "md5": each, "size": 4096}
                for path, each in [(above, above_hash), *modules]
            ],
            "params": {"params.yaml": {"logreg.C": 1.0}},
            "outs": [
                {
                    "path": f"data/{stage}",
                    "hash": "md5",
                    "md5": f"{_hash(stage, day)}.dir",
                    "size": 10_000_000,
                }
            ],
        }
        above, above_hash = f"data/{stage}", f"{_hash(stage, day)}.dir"
    return yaml.dump({"schema": "2.0", "stages": stages}, Dumper=yaml.CSafeDumper, sort_keys=False)
