"""The part of an intake that changes raw; all of it happened when the ledger has the record, else none.

Each step may be the last one before the process is killed. The intent is on disk before raw is touched, and
the record is appended after everything that it names is in raw, in the cache and on the remote.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ml_assets.dvc.remotes import remote_url
from ml_assets.landing.check import Accepted, Checked, Refused
from ml_assets.landing.errors import Rejected
from ml_assets.landing.history import History
from ml_assets.landing.intent import Intent, clear_intent, write_intent
from ml_assets.landing.objects import DeletedObject, LandedObject
from ml_assets.landing.paths import Room, relative_path
from ml_assets.landing.quarantine import keep_rejects, quarantine
from ml_assets.landing.recorded import landed, quarantined
from ml_assets.landing.schema_in_force import SCHEMA_FILE
from ml_assets.landing.schema_step import SchemaKeeper, SchemaStep
from ml_assets.landing.settle import Raw, make_whole, roll_back, settle
from ml_assets.ledger.collecting import Collected, refuse_collected, wait_for_collection
from ml_assets.ledger.layout import RARE_CACHE
from ml_assets.ledger.record import GoneUpstream, IntakeDraft, IntakeRecord, Origin, Record

if TYPE_CHECKING:
    from ml_assets.landing.journal.batches import Batch
    from ml_assets.ledger.store import Ledger

QUARANTINE = Path(".ml_assets/quarantine")


@dataclass(frozen=True, kw_only=True)
class Harvest:
    """What became of a batch's generations: read and checked, gone before that, or deleted upstream."""

    checked: Sequence[Checked] = ()
    vanished: Sequence[LandedObject] = ()
    deleted: Sequence[DeletedObject] = ()

    def without(self, keys: Collection[str]) -> Harvest:
        return Harvest(
            checked=[each for each in self.checked if each.object.key not in keys],
            vanished=[each for each in self.vanished if each.key not in keys],
            deleted=[each for each in self.deleted if each.key not in keys],
        )

    @property
    def keys(self) -> list[str]:
        read = [each.object.key for each in self.checked]
        return [*read, *(each.key for each in self.vanished), *(each.key for each in self.deleted)]

    def __bool__(self) -> bool:
        # What vanished is told by the next record, and is no reason for one.
        return bool(self.checked or self.deleted)


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One batch on its way into raw. With `mirror`, files of deleted objects are taken out of raw."""

    raw: Raw
    ledger: Ledger
    history: History
    batch: Batch
    prefix: str
    mirror: bool
    schema: SchemaKeeper
    origin: Callable[[], Origin]
    progress: Callable[[str], None]

    def run(self, harvest: Harvest) -> IntakeRecord | None:
        """The record; None when others were faster with all of it, or with anything of raw: plan again.

        Needs the write slot. Raises what `settle` raises, RawUnsaved, TransferFailed and the ledger's errors;
        SchemaMoved, with nothing changed, when the files were checked with another schema than raw's.
        """
        self.history.catch_up(self.ledger)
        note = settle(self.raw, self.history, progress=self.progress)
        mine = harvest.without(self._overtaken(harvest.keys))
        if not mine:
            return None
        origin = self.origin()
        accepted, refused = self._with_room(mine.checked)
        removals = self._removals(mine.deleted) if self.mirror else {}
        if accepted or removals:
            make_whole(self.raw)
        schema = self.schema.after(accepted)
        self._keep_aside(accepted, refused)
        # Of what is pushed now, nothing may be collected before the record names it.
        since = self._wait_for_collection()
        intent = self._change_raw(accepted, removals, schema)
        draft = self._draft(origin, accepted, refused, note)
        gone = tuple(self._gone(mine, removals))
        draft = draft.model_copy(update={"gone": gone, "batch": self.batch.id, **schema.facts})
        # No undo when this fails: the record may have arrived although its answer did not. The intent stays,
        # and the next intake sees in the ledger which of both it was.
        record = self._append(draft, mine.keys, since=since)
        if record is None and intent is not None:
            self.progress("another intake was faster; starting again from what it recorded")
            roll_back(self.raw, self.history, intent)
        clear_intent(self.raw.intent)
        return record

    def _overtaken(self, keys: Collection[str]) -> set[str]:
        return self.history.named_since(self.batch.at_record, keys)

    def _with_room(self, checked: Sequence[Checked]) -> tuple[list[Accepted], list[Refused]]:
        room = Room(self.raw.tracked.path)
        verdicts = [_with_room_in(room, each) for each in checked]
        accepted = [each for each in verdicts if isinstance(each, Accepted)]
        return accepted, [each for each in verdicts if isinstance(each, Refused)]

    def _removals(self, deleted: Sequence[DeletedObject]) -> dict[str, PurePosixPath]:
        """Path below raw by key, of what is in raw and shall not be any more."""
        in_raw = self.history.etags_in_raw([each.key for each in deleted])
        return {key: relative_path(key, self.prefix) for key, etag in in_raw.items() if etag is not None}

    def _gone(self, mine: Harvest, removals: Collection[str]) -> Iterator[GoneUpstream]:
        for lost in mine.vanished:
            yield GoneUpstream(
                bucket=lost.bucket, key=lost.key, etag=lost.etag, size=lost.size, how="vanished"
            )
        for each in mine.deleted:
            yield GoneUpstream(bucket=each.bucket, key=each.key, how="deleted", removed=each.key in removals)

    def _keep_aside(self, accepted: Sequence[Accepted], refused: Sequence[Refused]) -> None:
        folder = self.raw.home / QUARANTINE
        for lost in refused:
            quarantine(folder, lost.fetched, lost.reason)
        for each in accepted:
            if each.conforming.cleaned:
                keep_rejects(folder, each.fetched, each.conforming.cleaned)

    def _change_raw(
        self, accepted: Sequence[Accepted], removals: Mapping[str, PurePosixPath], schema: SchemaStep
    ) -> Intent | None:
        tracked = self.raw.tracked
        if not accepted and not removals:
            return None
        placed = {str(each.relative): each.file for each in accepted}
        if schema.text is not None:
            placed[SCHEMA_FILE] = schema.stage(self.raw.private / "schema.json")
        intent = Intent(before=tracked.text(), record=self.history.view.raw_record, files=list(placed))
        write_intent(self.raw.intent, intent)
        try:
            self._place_and_add(placed, [tracked.path / path for path in removals.values()])
        except BaseException as error:
            self._undo(intent, error)
            raise
        return intent

    def _place_and_add(self, placed: Mapping[str, Path], gone: Sequence[Path]) -> None:
        tracked, before = self.raw.tracked, self.raw.tracked.text()
        for path in gone:
            path.unlink(missing_ok=True)
        targets = [_place(file, tracked.path / relative) for relative, file in placed.items()]
        if gone:
            self.progress(f"taking {len(gone)} file(s) out of {tracked.relative}")
        if placed:
            self.progress(f"adding {len(placed) - (SCHEMA_FILE in placed)} file(s) to {tracked.relative}")
        # One that is deleted upstream, and another that lands, may have one path.
        tracked.add(targets, gone=[path for path in gone if path not in targets])
        self._push(before)

    def _push(self, before: str | None) -> None:
        remote = self.raw.remote
        if remote_url(self.raw.tracked.root, remote):
            self.progress(f"pushing {self.raw.tracked.relative} to {remote or 'the default remote'}")
            self.raw.tracked.push(remote, since=before)

    def _undo(self, intent: Intent, error: BaseException) -> None:
        try:
            roll_back(self.raw, self.history, intent)
        except Exception as second:  # noqa: BLE001 - the first error matters more, and tells of this one
            error.add_note(f"{self.raw.dvc_file} could not be put back ({second}); the next intake does it.")

    def _wait_for_collection(self) -> int:
        cache = self.raw.private / RARE_CACHE
        return wait_for_collection(self.ledger, cache=cache, tell=self.progress)

    def _append(self, draft: IntakeDraft, keys: Collection[str], *, since: int) -> IntakeRecord | None:
        base = self.history.view.raw_record

        def unless_overtaken(head: Record | None) -> IntakeDraft | None:
            refuse_collected(self.ledger, head, since=since)
            if head is not None and head.number > self.history.view.up_to:
                self.history.catch_up(self.ledger)
            if self.history.view.raw_record != base or self._overtaken(keys):
                return None
            return draft

        try:
            record = self.ledger.append(unless_overtaken)
        except Collected:
            since = self._wait_for_collection()
            self._push(None)
            return self._append(draft, keys, since=since)
        self.history.catch_up(self.ledger)
        return record if isinstance(record, IntakeRecord) else None

    def _draft(
        self, origin: Origin, accepted: Sequence[Accepted], refused: Sequence[Refused], note: str | None
    ) -> IntakeDraft:
        text = self.raw.tracked.text()
        lock = self.raw.tracked.root / "dvc.lock"
        in_raw = self.history.etags_in_raw([each.object.key for each in accepted])
        return IntakeDraft(
            **dict(origin),
            dvc_files={} if text is None else {self.raw.dvc_file: text},
            dvc_lock=lock.read_text(encoding="utf-8") if lock.exists() else None,
            landed=tuple(landed(each, in_raw.get(each.object.key)) for each in accepted),
            quarantined=tuple(quarantined(each) for each in refused),
            note=note,
        )


def _with_room_in(room: Room, each: Checked) -> Checked:
    if isinstance(each, Accepted):
        try:
            room.take(each.relative)
        except Rejected as rejected:
            return Refused(each.fetched, rejected.reason, rejected.cause)
    return each


def _place(staged: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        staged.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # raw is on a disk of its own. The old file may be a link to DVC's cache: never write through it.
        target.unlink(missing_ok=True)
        shutil.copyfile(staged, target)
    return target
