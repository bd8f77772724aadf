"""What the ledger says about raw and the objects in it: one pass over the records, kept up to date."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from ml_assets.dvc.yaml12 import Loader
from ml_assets.ledger.generations import KnownGenerations
from ml_assets.ledger.record import IntakeRecord, Record, RunRecord

if TYPE_CHECKING:
    from ml_assets.ledger.store import Ledger


@dataclass(kw_only=True)
class History:
    """`raw_text` is raw's .dvc file as the newest intake, record `raw_record`, left it (None, 0: none did).

    Only intakes count: a run that began before objects came in may be recorded after them, with older raw.
    """

    dvc_file: str
    known: KnownGenerations = field(default_factory=KnownGenerations)
    raw_text: str | None = None
    raw_record: int = 0
    intake_of_run: dict[str, int] = field(default_factory=dict)
    """Number of the newest intake record of each Dagster run, by the run's id."""
    newest_run: tuple[int, str] | None = None
    """Number of the newest record of a run that left nothing stale, and the id of its Dagster run."""
    _record_of: dict[str, int] = field(default_factory=dict)
    _in_raw: dict[tuple[str, str], str] = field(default_factory=dict)
    _took_in: int | None = None
    _finished: str | None = None

    @classmethod
    def read(cls, ledger: Ledger, dvc_file: str) -> History:
        """All of `ledger`; `dvc_file` is the path by which records name raw's .dvc file."""
        history = cls(dvc_file=dvc_file)
        history.catch_up(ledger)
        return history

    @property
    def up_to(self) -> int:
        """Number of the newest record that is counted in."""
        return self.known.up_to

    @property
    def unfinished(self) -> int | None:
        """The newest record that took objects in, when no finished run has seen them yet."""
        return self._took_in

    def catch_up(self, ledger: Ledger) -> None:
        """Count in what was appended since."""
        for record in ledger.records(after=self.up_to):
            self._advance(record)

    def record_of(self, text: str) -> int | None:
        """The newest intake that left raw with the content which this text of its .dvc file names."""
        return self._record_of.get(content_of(text))

    def etag_in_raw(self, bucket: str, key: str) -> str | None:
        """The generation of the key whose file is in raw: the newest that was not refused."""
        return self._in_raw.get((bucket, key))

    def _advance(self, record: Record) -> None:
        self.known.advance(record)
        text = record.dvc_files.get(self.dvc_file)
        if isinstance(record, IntakeRecord):
            self._advance_by_intake(record, text)
        elif isinstance(record, RunRecord) and not record.stale:
            self._advance_by_run(text)
            self.newest_run = (record.number, record.dagster.run_id) if record.dagster else None

    def _advance_by_intake(self, record: IntakeRecord, text: str | None) -> None:
        if text is not None:
            self.raw_text, self.raw_record = text, record.number
            self._record_of[content_of(text)] = record.number
        if record.dagster is not None:
            self.intake_of_run[record.dagster.run_id] = record.number
        if record.landed:
            # A run on what was finished before would find nothing to do, and leave no record.
            again = text is not None and content_of(text) == self._finished
            self._took_in = None if again else record.number
            self._in_raw.update({(each.bucket, each.key): each.etag for each in record.landed})

    def _advance_by_run(self, text: str | None) -> None:
        text = text or self.raw_text
        # A content that no intake left was made by hand, on top of the newest.
        if text is None or self._record_of.get(content_of(text), self.raw_record) == self.raw_record:
            self._took_in, self._finished = None, content_of(text) if text else None


def content_of(text: str) -> str:
    """What a .dvc file's text names: DVC's hash of the folder, or the text itself where it has none.

    Texts differ for equal content: a granular add leaves out the folder's size.
    """
    try:
        loaded = yaml.load(text, Loader)  # noqa: S506 - the C variant of the safe loader
        return str(loaded["outs"][0]["md5"])
    except (yaml.YAMLError, KeyError, IndexError, TypeError):
        return text
