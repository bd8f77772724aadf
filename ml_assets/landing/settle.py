"""Brings raw to a state that the ledger vouches for, or says why that needs a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.tracked import TrackedFolder
from ml_assets.landing.errors import RawMovedBack, RawUnsaved
from ml_assets.landing.history import History
from ml_assets.landing.intent import Intent, clear_intent, read_intent

PRIVATE = Path(".dvc/tmp/ml_assets")


@dataclass(frozen=True)
class Raw:
    """raw with its remote (None: DVC's default), and the checkout, where this is in production's clone."""

    tracked: TrackedFolder
    remote: str | None
    clone_of: Path | None = None

    @property
    def home(self) -> Path:
        """The checkout."""
        return self.clone_of or self.tracked.root

    @property
    def private(self) -> Path:
        return self.tracked.root / PRIVATE

    @property
    def intent(self) -> Path:
        return self.private / "intake.json"

    @property
    def dvc_file(self) -> str:
        """The .dvc file as records name it: relative to the project's root."""
        return self.tracked.dvc_file.relative_to(self.tracked.root).as_posix()


def settle(raw: Raw, history: History, *, progress: Callable[[str], None]) -> str | None:
    """Undo what a killed intake left, and compare raw with the newest intake.

    Needs the write slot, and a `history` that was caught up under it. Returns a note for the next record
    when raw was changed by hand since. Raises RawMovedBack when raw is what an older intake left.
    """
    intent = read_intent(raw.intent)
    if intent is not None:
        progress(f"an intake did not end; undoing what it did to {raw.tracked.relative}")
        roll_back(raw, history, intent)
    found, newest = raw.tracked.text(), history.view.raw_text
    if newest is None or (found is not None and history.record_of(found) == history.view.raw_record):
        return None
    if found is None and not _files(raw.tracked):
        progress(f"{raw.tracked.relative} is not here yet: taking it from record {history.view.raw_record}")
        raw.tracked.restore(newest, raw.remote)
        return None
    older = history.record_of(found) if found is not None else None
    if found is None or older is not None:
        raise RawMovedBack(dvc_file=raw.dvc_file, found=older, newest=history.view.raw_record)
    return f"{raw.dvc_file} was changed outside the landing since record {history.view.raw_record}"


def roll_back(raw: Raw, history: History, intent: Intent) -> None:
    """Make raw what it was before `intent`, or what intakes recorded since say; safe to repeat.

    An intake that was killed after its append finds its own record here, and loses nothing.
    """
    committed = history.view.raw_record > intent.record
    target = history.view.raw_text if committed else intent.before
    if target is None:
        for name in intent.files:
            (raw.tracked.path / name).unlink(missing_ok=True)
    raw.tracked.restore(target, raw.remote)
    clear_intent(raw.intent)


def reconcile(raw: Raw, history: History) -> None:
    """Make raw what the newest intake says, whatever it is now; what was added by hand is given up."""
    if history.view.raw_text is not None:
        raw.tracked.restore(history.view.raw_text, raw.remote)
    clear_intent(raw.intent)


def make_whole(raw: Raw) -> None:
    """Bring what is missing in raw. Raises RawUnsaved when raw holds files that DVC does not have.

    A checkout would destroy them; none is made where nothing is missing.
    """
    tracked = raw.tracked
    if tracked.md5() is None:
        if unsaved := _files(tracked):
            raise RawUnsaved(folder=tracked.relative, files=unsaved)
        return
    survey = tracked.survey()
    if survey.foreign:
        raise RawUnsaved(
            folder=tracked.relative, files=[f"{tracked.relative}/{each}" for each in survey.foreign]
        )
    if not survey.is_whole:
        tracked.make_whole(raw.remote)


def _files(raw: TrackedFolder) -> list[str]:
    return sorted(str(file.relative_to(raw.path)) for file in raw.path.rglob("*") if not file.is_dir())
