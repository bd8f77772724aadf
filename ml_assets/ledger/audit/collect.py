"""Collects garbage on a DVC remote with the ledger as the root: records keep what they name."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ml_assets.dvc.remote import transferring
from ml_assets.dvc.remotes import remote_url, without_credentials
from ml_assets.ledger.audit.named import all_named, named_by
from ml_assets.ledger.audit.plan import Keep, Plan, kept_records, plan
from ml_assets.ledger.collecting import LONGEST_SECONDS, finished
from ml_assets.ledger.errors import NoRemoteToCollect
from ml_assets.ledger.origin import collect as collect_origin
from ml_assets.ledger.record import GcDraft, GcRecord, Record
from ml_assets.ledger.store import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ml_assets.dvc._internals.remote_store import RemoteStore

MARGIN_SECONDS = 60.0


@dataclass
class Collection:
    """Garbage of one remote, with what `keep` keeps.

    Attributes:
        grace_seconds: what was stored more recently stays, whatever names it.
    """

    ledger: Ledger
    root: Path
    remote: str | None
    keep: tuple[Keep, ...]
    grace_seconds: float
    store: RemoteStore
    url: str

    def look(self) -> Plan:
        """What would go; nothing does."""
        # First the objects, then the records: what is stored and recorded meanwhile is not seen, and stays.
        stored = self.store.listed()
        records = list(self.ledger.records())
        named = {md5: mention.records for md5, mention in all_named(records).items()}
        numbers = kept_records(records, self.keep, now=datetime.now(UTC))
        tops = {md5 for record in records if record.number in numbers for md5, _ in named_by(record)}
        kept = self._with_files({*tops, *self.store.used_by_git()})
        return plan(
            stored,
            kept=kept,
            named=self._with_names_of_files(named, stored),
            keep_since=time.time() - self.grace_seconds,
        )

    def collect(self) -> tuple[GcRecord | None, int]:
        """Append a record of what goes, then delete it; the record, and how many objects are gone.

        None when there is nothing to collect. Killed on the way, the next one goes on.

        Raises:
            TransferFailed, and what appending raises.
        """
        planned: list[Plan] = []

        def draft(_: Record | None) -> GcDraft | None:
            # Asked again, with the newest records, when somebody else has appended meanwhile.
            planned[:] = [self.look()]
            (found,) = planned
            if not found.doomed:
                return None
            return GcDraft(
                **dict(collect_origin(self.root)),
                remote=self.url,
                keep=tuple(each.text for each in self.keep),
                given_up=found.given_up,
                objects=len(found.doomed),
                size=found.size,
            )

        record = self.ledger.append(draft)
        if not isinstance(record, GcRecord):
            return None, 0
        deadline = record.time.timestamp() + LONGEST_SECONDS - MARGIN_SECONDS
        (found,) = planned
        entries = [path for path, outs in self.store.run_entries() if outs & found.doomed]
        self.store.delete_run_entries(entries)
        gone = self.store.delete(found.doomed, until=lambda: time.time() > deadline)
        finished(self.ledger, record)
        return record, len(gone)

    def _with_files(self, tops: Iterable[str]) -> set[str]:
        found = set(tops)
        for md5 in [each for each in found if each.endswith(".dir")]:
            found |= set((self.store.listing(md5) or {}).values())
        return found

    def _with_names_of_files(
        self, named: Mapping[str, list[int]], stored: Mapping[str, object]
    ) -> dict[str, set[int]]:
        """The same, with the files in folders, as far as their listings are there."""
        found = {md5: set(numbers) for md5, numbers in named.items()}
        for md5 in [each for each in named if each.endswith(".dir") and each in stored]:
            for file in (self.store.listing(md5) or {}).values():
                found.setdefault(file, set()).update(named[md5])
        return found


@contextmanager
def opened(
    ledger: Ledger, *, root: Path, remote: str | None, keep: Iterable[Keep], grace_seconds: float
) -> Iterator[Collection]:
    """The collection of garbage on the remote `remote` (None: the default one) of the project at `root`.

    Raises:
        NoRemoteToCollect, TransferFailed.
    """
    from ml_assets.dvc._internals.remote_store import RemoteStore
    from ml_assets.dvc._internals.repo import open_repo

    if (url := remote_url(root, remote)) is None:
        raise NoRemoteToCollect(root=str(root))
    with transferring("gc -c", root, remote), open_repo(root) as repo:
        yield Collection(
            ledger,
            root,
            remote,
            tuple(keep),
            grace_seconds,
            RemoteStore(repo, remote),
            without_credentials(url),
        )
