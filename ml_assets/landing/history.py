"""What the ledger says about raw and the objects in it, kept in the journal: each record is read once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from ml_assets.dvc.content import content_of
from ml_assets.landing.journal.absorb import held_rows
from ml_assets.landing.journal.recorded import intake_of_run, record_of_content, write_intake
from ml_assets.landing.journal.store import read_facts, write_facts
from ml_assets.ledger.record import IntakeRecord, Record, RunRecord

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ml_assets.landing.journal.store import Journal
    from ml_assets.ledger.store import Ledger

AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class View:
    """`raw_text` is raw's .dvc file as the newest intake, record `raw_record`, left it (None, 0: none did).

    Only intakes count: a run that began before objects came in may be recorded after them, with older raw.
    """

    up_to: int = 0
    """Number of the newest record that is counted in; `digest` is its."""
    digest: str | None = None
    raw_text: str | None = None
    raw_record: int = 0
    took_in: int | None = None
    """The newest record that took objects in, when no finished run has seen them yet."""
    finished: str | None = None
    newest_run: tuple[int, str] | None = None
    """Number of the newest record of a run that left nothing stale, and the id of its Dagster run."""


_NAMES = tuple(each.name for each in fields(View))


@dataclass(kw_only=True)
class History:
    """`dvc_file` is the path by which records name raw's .dvc file."""

    journal: Journal
    dvc_file: str
    view: View = field(default_factory=View)

    @classmethod
    def read(cls, journal: Journal, ledger: Ledger, dvc_file: str) -> History:
        history = cls(journal=journal, dvc_file=dvc_file)
        history.catch_up(ledger)
        return history

    def catch_up(self, ledger: Ledger) -> None:
        """Count in what was appended since anybody did so last.

        Any process may, and several at once: what is written depends on the ledger alone.
        """
        head = ledger.head()
        with self._advancing() as connection:
            if self._is_of_another(ledger, head):
                _forget(connection)
                self.view = View()
        records = ledger.records(after=self.view.up_to)
        while chunk := list(islice(records, AT_ONCE)):
            with self._advancing() as connection:
                for record in chunk:
                    if record.number > self.view.up_to:
                        self._advance(connection, record)

    def record_of(self, text: str) -> int | None:
        """The newest intake that left raw with the content which this text of its .dvc file names."""
        with self.journal.reading() as connection:
            return record_of_content(connection, content_of(text))

    def intake_of_run(self, run_id: str) -> int | None:
        with self.journal.reading() as connection:
            return intake_of_run(connection, run_id)

    def named_since(self, record: int, keys: Collection[str]) -> set[str]:
        """Those `keys` with which a later record than `record` dealt, be it with another generation."""
        with self.journal.reading() as connection:
            return {key for key, row in held_rows(connection, keys).items() if row["record"] > record}

    def etags_in_raw(self, keys: Collection[str]) -> dict[str, str | None]:
        """The generation of each key whose file is in raw: the newest that was not refused."""
        with self.journal.reading() as connection:
            return {key: row["raw_etag"] for key, row in held_rows(connection, keys).items()}

    @contextmanager
    def _advancing(self) -> Iterator[Connection]:
        with self.journal.writing() as connection:
            self.view = _view(connection)
            before = self.view
            yield connection
            if self.view != before:
                write_facts(connection, {name: getattr(self.view, name) for name in _NAMES})

    def _is_of_another(self, ledger: Ledger, head: Record | None) -> bool:
        """Whether the ledger was replaced by one that does not hold what is counted in."""
        if not self.view.up_to:
            return False
        if head is None or head.number < self.view.up_to:
            return True
        same = head if head.number == self.view.up_to else ledger.get(self.view.up_to)
        return same.digest != self.view.digest

    def _advance(self, connection: Connection, record: Record) -> None:
        values: dict[str, Any] = {"up_to": record.number, "digest": record.digest}
        text = record.dvc_files.get(self.dvc_file)
        if isinstance(record, IntakeRecord):
            content = content_of(text) if text is not None else None
            write_intake(connection, record, zone=self.journal.zone, content=content)
            values |= self._after_intake(record, text, content)
        elif isinstance(record, RunRecord) and not record.stale:
            values |= self._after_run(connection, text)
            values["newest_run"] = (record.number, record.dagster.run_id) if record.dagster else None
        self.view = _replaced(self.view, values)

    def _after_intake(self, record: IntakeRecord, text: str | None, content: str | None) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if text is not None:
            values |= {"raw_text": text, "raw_record": record.number}
        if record.landed or any(each.removed for each in record.gone):
            # A run on what was finished before would find nothing to do, and leave no record.
            again = content is not None and content == self.view.finished
            values["took_in"] = None if again else record.number
        return values

    def _after_run(self, connection: Connection, text: str | None) -> dict[str, Any]:
        text = text or self.view.raw_text
        content = content_of(text) if text else None
        # A content that no intake left was made by hand, on top of the newest.
        known = record_of_content(connection, content) if content else None
        if known is None or known == self.view.raw_record:
            return {"took_in": None, "finished": content}
        return {}


def _view(connection: Connection) -> View:
    return _replaced(View(), read_facts(connection, *_NAMES))


def _replaced(view: View, values: dict[str, Any]) -> View:
    run = values.get("newest_run")
    return replace(view, **values | ({"newest_run": tuple(run)} if run else {}))


def _forget(connection: Connection) -> None:
    """What was seen in the bucket is found again by the next listing."""
    from ml_assets.landing.journal.tables import batches, contents, intakes, objects, ranges, sealed

    for table in (objects, sealed, batches, ranges, contents, intakes):
        connection.execute(table.delete())
    write_facts(connection, {name: getattr(View(), name) for name in _NAMES})
