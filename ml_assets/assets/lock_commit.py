"""Research, if asked: each run commits dvc.lock, with a message that names its record, metrics and data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ml_assets.dvc.lock_commit import commit_locks
from ml_assets.dvc.project import DvcProject
from ml_assets.ledger.record import IntakeRecord, RunRecord
from ml_assets.ledger.store import Ledger


def commit_lock(
    project: DvcProject, ledger: Ledger, record: RunRecord, *, branch: str | None, began_with: str
) -> str | None:
    """The commit of what `record` recorded; None when there is one already. Raises as `commit_locks`."""
    locks = ["dvc.lock", *(file for file in record.dvc_files if file.endswith("/dvc.lock"))]
    present = [lock for lock in locks if (project.root / lock).exists()]
    message = message_of(record, _landed(ledger, record))
    return commit_locks(project.root, present, message=message, branch=branch, began_with=began_with)


def message_of(record: RunRecord, days: list[str]) -> str:
    """`Record 12: auc 0.7191; landed 2013-03-01 to 2013-03-03`, and the record's digest below."""
    about = [f"{name} {value:.4f}" for name, value in _auc(record.metrics)]
    if days:
        about.append(f"landed {days[0]}" if len(days) == 1 else f"landed {days[0]} to {days[-1]}")
    stages = ", ".join(name for name, outcome in record.stages.items() if outcome != "unchanged")
    what = "; ".join(about) or f"stages {stages or 'unchanged'}"
    return f"Record {record.number}: {what}\n\nLedger-Record: {record.digest}"


def _auc(metrics: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The areas under curves at the top of the metrics files; the first number where there is none."""
    numbers = [
        (str(name), float(value))
        for content in metrics.values()
        if isinstance(content, Mapping)
        for name, value in content.items()
        if isinstance(value, int | float)
    ]
    named = [each for each in numbers if "auc" in each[0].lower()]
    yield from named or numbers[:1]


def _landed(ledger: Ledger, record: RunRecord) -> list[str]:
    """The names, without folder and ending, of the files that landed since the run before; days mostly."""
    found: set[str] = set()
    for number in range(record.number - 1, 0, -1):
        before = ledger.get(number)
        if isinstance(before, RunRecord):
            break
        if isinstance(before, IntakeRecord):
            found |= {each.path.rpartition("/")[2].partition(".")[0] for each in before.landed}
    return sorted(found)
