"""Looks at the wiring part by part, or makes it; what is as it should be is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_assets.landing.errors import QueueMissing
from ml_assets.landing.setup.parts import parts

if TYPE_CHECKING:
    from ml_assets.landing.setup.clients import Clients
    from ml_assets.landing.setup.parts import Part
    from ml_assets.landing.setup.wiring import Wiring


@dataclass(frozen=True, kw_only=True)
class Looked:
    """One part of the wiring and what is wrong with it: None when nothing is."""

    what: str
    flaw: str | None


def look(wiring: Wiring, clients: Clients) -> Iterator[Looked]:
    """Each part as it is found; nothing is changed. Raises what `Part.flaw` raises."""
    for part in parts(wiring, clients):
        yield Looked(what=part.what, flaw=_flaw(part))


def set_up(wiring: Wiring, clients: Clients) -> Iterator[Looked]:
    """Each part as it was found, after it was made what it should be. Raises what `Part.make` raises."""
    for part in parts(wiring, clients):
        flaw = _flaw(part)
        if flaw:
            part.make()
        yield Looked(what=part.what, flaw=flaw)


def _flaw(part: Part) -> str | None:
    try:
        return part.flaw()
    except QueueMissing as error:
        return f"needs the queue {error.queue}, which is missing"
