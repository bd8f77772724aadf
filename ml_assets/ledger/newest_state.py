"""The state that the ledger says a project is in: what the next step of production goes on from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.restore import restore
from ml_assets.ledger.newest import backwards
from ml_assets.ledger.record import AnyRecord, IntakeRecord, RunRecord
from ml_assets.ledger.store import Ledger


@dataclass(frozen=True)
class State:
    """Texts by path: of dvc.lock, nested locks and .dvc files, and of small outputs that no cache has."""

    texts: dict[str, str] = field(default_factory=dict)
    small_outputs: dict[str, str] = field(default_factory=dict)


def newest_state(ledger: Ledger) -> State:
    """What the newest run left, and on top of it what landed in the newest intake.

    A run that began before objects came in may be recorded after them, with older raw: of the files that
    intakes name, the newest intake's text counts.
    """
    run: RunRecord | None = None
    landed: dict[str, str] = {}
    for record in backwards(ledger):
        if isinstance(record, IntakeRecord) and not landed:
            landed = dict(record.dvc_files)
        if isinstance(record, RunRecord) and run is None:
            run = record
        if run and landed:
            break
    return state_of(run, landed)


def state_of(run: RunRecord | None, landed: dict[str, str] | None = None) -> State:
    """What a run left; `landed` are .dvc files that are newer."""
    if run is None:
        return State(dict(landed or {}))
    lock = {"dvc.lock": run.dvc_lock} if run.dvc_lock else {}
    return State({**lock, **run.dvc_files, **(landed or {})}, dict(run.small_outputs))


def state_at(record: AnyRecord, ledger: Ledger) -> State:
    """The state right after `record`, with what the records before it left. Raises what reading raises."""
    if isinstance(record, RunRecord):
        return state_of(record)
    number, landed = record.number, dict(record.dvc_files)
    while number > 1:
        number -= 1
        before = ledger.get(number)
        if isinstance(before, RunRecord):
            return state_of(before, landed)
        landed = {**before.dvc_files, **landed}
    return state_of(None, landed)


def bring_to_newest(
    project: DvcProject, ledger: Ledger, *, remote: str | None, progress: Callable[[str], None]
) -> None:
    """Make the workspace what the newest records say, whatever a killed run or another host has left.

    Needs the write slot.

    Raises:
        TransferFailed: something that the records name is neither in the cache nor on the remote.
    """
    state = newest_state(ledger)
    restore(project, texts=state.texts, small_outputs=state.small_outputs, remote=remote, progress=progress)
