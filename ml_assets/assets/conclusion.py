"""What a run of stages ends with: its results pushed, and one record appended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from dagster import AssetExecutionContext, AssetKey, AssetObservation

from ml_assets.assets.check_outcomes import check_outcomes
from ml_assets.assets.keys import META_KEY_RECORD, META_KEY_RECORD_DIGEST
from ml_assets.dvc.errors import TransferFailed
from ml_assets.dvc.lockfile import read_lock, read_locks
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.remote import push
from ml_assets.dvc.run_cache import push_run_cache
from ml_assets.ledger.collecting import Collected, refuse_collected, wait_for_collection
from ml_assets.ledger.layout import RARE_CACHE
from ml_assets.ledger.newest import backwards, newest_landing, newest_run
from ml_assets.ledger.record import AnyRecord, DagsterRun, Outcome, Record, RunDraft, RunRecord
from ml_assets.ledger.run_record import draft_run, is_recorded, unpushed_sources
from ml_assets.ledger.store import Ledger

AT_MOST = 20


@dataclass(frozen=True)
class Conclusion:
    """The end of a run in `context`; `url` is where `remote` is, and None pushes nothing."""

    context: AssetExecutionContext
    project: DvcProject
    ledger: Ledger
    remote: str | None
    url: str | None

    def conclude(self, outcomes: Mapping[str, Outcome], *, began_with: str) -> AnyRecord | None:
        """Push, then append the record of stages with these outcomes; None where nothing changed.

        `began_with` is the text that dvc.lock had before.

        Raises:
            DvcBridgeError, LedgerError.
        """
        newest = newest_run(self.ledger)
        if is_recorded(self.project, newest) and not self._landed_since(newest):
            self.context.log.info("Nothing changed since record %s.", newest.number if newest else None)
            return None
        record = None
        while record is None:
            # Of what is pushed now, nothing may be collected before the record names it.
            since = self._wait_for_collection()
            if self.url and not self._is_pushed(newest):
                return None
            with suppress(Collected):
                record = self._append(outcomes, newest, began_with, since=since)
        self.context.log.info("Appended record %s", record.number)
        return record

    def _wait_for_collection(self) -> int:
        cache = self.project.private_dir / RARE_CACHE
        return wait_for_collection(self.ledger, cache=cache, tell=self.context.log.info)

    def _append(
        self, outcomes: Mapping[str, Outcome], newest: RunRecord | None, began_with: str, *, since: int
    ) -> AnyRecord | None:
        run = DagsterRun(run_id=self.context.run_id, job=self.context.job_name)
        parent, checks = self._parent(newest, began_with), check_outcomes(self.context)

        def draft(head: Record | None) -> RunDraft:
            refuse_collected(self.ledger, head, since=since)
            return draft_run(
                self.project,
                stages=outcomes,
                newest=newest,
                parent=parent,
                checks=checks,
                dagster=run,
                pushed=bool(self.url),
            )

        return self.ledger.append(draft)

    def observe(self, record: AnyRecord | None, keys: Iterable[AssetKey], more: Mapping[str, Any]) -> None:
        """Tell Dagster which record speaks of these assets, and `more` of it by name."""
        if record is None:
            return
        metadata: dict[str, Any] = {META_KEY_RECORD: record.number, META_KEY_RECORD_DIGEST: record.digest}
        metadata |= more
        partition = self.context.partition_key if self.context.has_partition_key else None
        for key in keys:
            self.context.log_event(AssetObservation(asset_key=key, partition=partition, metadata=metadata))

    def _is_pushed(self, newest: RunRecord | None) -> bool:
        try:
            self.context.log.info("Pushed %s objects to %s", self._push(newest), self.url)
        except TransferFailed as error:
            if self.remote is not None:
                raise
            # Nobody asked for this remote: many public repositories name one that only their owners may write
            # to. The stages are done; but what is not pushed is not recorded.
            self.context.log.warning("No record was appended, since its artifacts are not pushed. %s", error)
            return False
        return True

    def _push(self, newest: RunRecord | None) -> int:
        """All that the record will name; what an older record names was pushed before that."""
        records = [record for record in (newest, newest_landing(self.ledger)) if record]
        sources = unpushed_sources(self.project, [record.dvc_files for record in records])
        locked = read_locks(self.project.root, self.project.manifest())
        sent = push(self.project.root, [*sources, *sorted(locked)], remote=self.remote)
        before = read_lock(newest.dvc_lock, path=Path("dvc.lock")) if newest and newest.dvc_lock else {}
        changed = [name for name in sorted(locked) if locked[name] != before.get(name)]
        return sent + push_run_cache(self.project, changed, remote=self.remote)

    def _parent(self, newest: RunRecord | None, text: str) -> int | None:
        """Of the newest records only: who went back further in Git began with a state of Git's."""
        runs = (each for each in backwards(self.ledger) if isinstance(each, RunRecord)) if newest else ()
        return next((each.number for each in islice(runs, AT_MOST) if each.dvc_lock == text), None)

    def _landed_since(self, run: RunRecord | None) -> bool:
        # A landing whose bytes changed no output still needs a run record after it, or it waits for ever.
        landing = newest_landing(self.ledger)
        return landing is not None and (run is None or landing.number > run.number)
