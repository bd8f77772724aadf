"""Sorts fetched files into those that may become part of raw and those that may not, with the reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ml_assets.landing.contract import Contracts, check, contract_for
from ml_assets.landing.errors import Rejected
from ml_assets.landing.fetch import TELL_EVERY_SECONDS, Fetched
from ml_assets.landing.objects import LandedObject
from ml_assets.landing.paths import relative_path


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file that goes to `relative` below raw."""

    fetched: Fetched
    relative: PurePosixPath

    @property
    def object(self) -> LandedObject:
        return self.fetched.object


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that goes into quarantine."""

    fetched: Fetched
    reason: str

    @property
    def object(self) -> LandedObject:
        return self.fetched.object


Checked = Accepted | Refused


def check_all(
    files: Sequence[Fetched],
    *,
    prefix: str,
    contracts: Contracts | None,
    progress: Callable[[str], None],
) -> list[Checked]:
    """The verdict on each of `files`. Without contracts only its place below raw is checked."""
    told, verdicts = time.monotonic(), []
    for count, fetched in enumerate(files, start=1):
        verdict = _check(fetched, prefix, contracts)
        if isinstance(verdict, Refused):
            progress(f"refused {fetched.object.key}: {verdict.reason}")
        verdicts.append(verdict)
        if time.monotonic() - told > TELL_EVERY_SECONDS:
            progress(f"checked {count} of {len(files)} files")
            told = time.monotonic()
    return verdicts


def _check(fetched: Fetched, prefix: str, contracts: Contracts | None) -> Checked:
    try:
        relative = relative_path(fetched.object.key, prefix)
        if contracts is not None:
            check(fetched.staged, relative, contract_for(relative, contracts))
    except Rejected as rejected:
        return Refused(fetched, rejected.reason)
    return Accepted(fetched, relative)
