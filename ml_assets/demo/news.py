"""What happened since one last looked: records, refused files and failed runs, a line each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ml_assets.demo.landings import LandingWatch, auc
from ml_assets.ledger.record import AnyRecord, IntakeRecord, RunRecord


@dataclass
class News:
    """Follows a ledger and Dagster's failed runs from now on."""

    watch: LandingWatch
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    _told: set[str] = field(default_factory=set)
    _seen: int | None = None

    def lines(self) -> Iterator[str]:
        """What is new, oldest first."""
        if self._seen is None:
            head = self.watch.ledger.head()
            self._seen = head.number if head else 0
        for record in self.watch.ledger.records(after=self._seen):
            self._seen = record.number
            yield from _lines(record)
        for run_id in reversed(self.watch.failed_runs(self.since)):
            if run_id not in self._told:
                self._told.add(run_id)
                yield f"  run {run_id[:8]} failed: {self.watch.reason(run_id).splitlines()[0]}"


def _lines(record: AnyRecord) -> Iterator[str]:
    if isinstance(record, IntakeRecord):
        yield f"  record {record.number}: {len(record.landed)} objects landed"
        for each in record.quarantined:
            yield f"  refused {each.key}: {each.reason}"
    elif isinstance(record, RunRecord):
        value = auc(record)
        shown = "" if value is None else f", AUC {value:.4f}"
        yield f"  record {record.number}: stages finished{shown}"
