"""The part of an intake that changes raw; all of it happened when the ledger has the record, else none.

Each step may be the last one before the process is killed. The intent is on disk before raw is touched, and
the record is appended after everything that it names is in raw, in the cache and on the remote.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ml_assets.dvc.remotes import remote_url
from ml_assets.landing.check import Accepted, Checked, Refused
from ml_assets.landing.errors import Rejected
from ml_assets.landing.history import History
from ml_assets.landing.intent import Intent, clear_intent, write_intent
from ml_assets.landing.objects import LandedObject
from ml_assets.landing.paths import Room
from ml_assets.landing.quarantine import quarantine
from ml_assets.landing.settle import Raw, require_saved, roll_back, settle
from ml_assets.ledger.record import IntakeDraft, IntakeRecord, Landed, Origin, Quarantined, Record

if TYPE_CHECKING:
    from ml_assets.ledger.store import Ledger

QUARANTINE = Path(".ml_assets/quarantine")


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One batch on its way into raw; `planned_at` is the newest record that the plan knew of."""

    raw: Raw
    ledger: Ledger
    history: History
    planned_at: int
    origin: Callable[[], Origin]
    progress: Callable[[str], None]

    def run(self, checked: Sequence[Checked]) -> IntakeRecord | None:
        """The record; None when others were faster with all of it, or with anything of raw: plan again.

        Needs the write slot. Raises what `settle` raises, RawUnsaved, TransferFailed and the ledger's errors.
        """
        self.history.catch_up(self.ledger)
        note = settle(self.raw, self.history, progress=self.progress)
        mine = [each for each in checked if not self._overtaken(each.object)]
        if not mine:
            return None
        origin = self.origin()
        accepted, refused = self._with_room(mine)
        for each in refused:
            quarantine(self.raw.tracked.root / QUARANTINE, each.fetched, each.reason)
        intent = self._change_raw(accepted)
        draft = self._draft(origin, accepted, refused, note)
        # No undo when this fails: the record may have arrived although its answer did not. The intent stays,
        # and the next intake sees in the ledger which of both it was.
        record = self._append(draft, [each.object for each in mine])
        if record is None and intent is not None:
            self.progress("another intake was faster; starting again from what it recorded")
            roll_back(self.raw, self.history, intent)
        clear_intent(self.raw.intent)
        return record

    def _overtaken(self, landed: LandedObject) -> bool:
        """Whether another intake has dealt with the key since the plan, be it with a newer generation."""
        known = self.history.known.generation(landed.bucket, landed.key)
        return known is not None and known.record > self.planned_at

    def _with_room(self, checked: Sequence[Checked]) -> tuple[list[Accepted], list[Refused]]:
        room = Room(self.raw.tracked.path)
        verdicts = [_with_room_in(room, each) for each in checked]
        accepted = [each for each in verdicts if isinstance(each, Accepted)]
        return accepted, [each for each in verdicts if isinstance(each, Refused)]

    def _change_raw(self, accepted: Sequence[Accepted]) -> Intent | None:
        tracked = self.raw.tracked
        if not accepted:
            return None
        require_saved(tracked)
        tracked.make_whole(self.raw.remote)
        intent = Intent(
            before=tracked.text(),
            record=self.history.raw_record,
            files=[str(each.relative) for each in accepted],
        )
        write_intent(self.raw.intent, intent)
        try:
            self._place_and_add(accepted)
        except BaseException as error:
            self._undo(intent, error)
            raise
        return intent

    def _place_and_add(self, accepted: Sequence[Accepted]) -> None:
        tracked = self.raw.tracked
        targets = [_place(each.fetched.staged, tracked.path / each.relative) for each in accepted]
        self.progress(f"adding {len(targets)} file(s) to {tracked.relative}")
        tracked.add(targets)
        self._push()

    def _push(self) -> None:
        remote = self.raw.remote
        if remote_url(self.raw.tracked.root, remote):
            self.progress(f"pushing {self.raw.tracked.relative} to {remote or 'the default remote'}")
            self.raw.tracked.push(remote)

    def _undo(self, intent: Intent, error: BaseException) -> None:
        try:
            roll_back(self.raw, self.history, intent)
        except Exception as second:  # noqa: BLE001 - the first error matters more, and tells of this one
            error.add_note(f"{self.raw.dvc_file} could not be put back ({second}); the next intake does it.")

    def _append(self, draft: IntakeDraft, mine: Sequence[LandedObject]) -> IntakeRecord | None:
        base = self.history.raw_record

        def unless_overtaken(head: Record | None) -> IntakeDraft | None:
            if head is not None and head.number > self.history.up_to:
                self.history.catch_up(self.ledger)
            if self.history.raw_record != base or any(map(self._overtaken, mine)):
                return None
            return draft

        record = self.ledger.append(unless_overtaken)
        self.history.catch_up(self.ledger)
        return record if isinstance(record, IntakeRecord) else None

    def _draft(
        self, origin: Origin, accepted: Sequence[Accepted], refused: Sequence[Refused], note: str | None
    ) -> IntakeDraft:
        text = self.raw.tracked.text()
        lock = self.raw.tracked.root / "dvc.lock"
        return IntakeDraft(
            **dict(origin),
            dvc_files={} if text is None else {self.raw.dvc_file: text},
            dvc_lock=lock.read_text(encoding="utf-8") if lock.exists() else None,
            landed=tuple(self._landed(each) for each in accepted),
            quarantined=tuple(_quarantined(each) for each in refused),
            note=note,
        )

    def _landed(self, each: Accepted) -> Landed:
        landed = each.object
        return Landed(
            bucket=landed.bucket,
            key=landed.key,
            version_id=each.fetched.version_id,
            etag=landed.etag,
            size=landed.size,
            sha256=each.fetched.sha256,
            path=str(each.relative),
            superseded=self.history.etag_in_raw(landed.bucket, landed.key),
        )


def _with_room_in(room: Room, each: Checked) -> Checked:
    if isinstance(each, Accepted):
        try:
            room.take(each.relative)
        except Rejected as rejected:
            return Refused(each.fetched, rejected.reason)
    return each


def _quarantined(each: Refused) -> Quarantined:
    landed = each.object
    return Quarantined(
        bucket=landed.bucket,
        key=landed.key,
        version_id=each.fetched.version_id,
        etag=landed.etag,
        size=landed.size,
        reason=each.reason,
    )


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
